/** A thread that asks twenty times, each time when the answer before has come. */

import { parentPort, workerData } from "node:worker_threads";
import { exchangeUdp, type ServerAddress } from "../../support/dns-client.ts";
import { query } from "./udp-rig.ts";

const server = workerData as ServerAddress;
let answerCount = 0;
try {
  for (; answerCount < 20; answerCount++) await exchangeUdp(server, query(answerCount), 1_000);
} finally {
  parentPort?.postMessage(`${answerCount} answers`);
}
