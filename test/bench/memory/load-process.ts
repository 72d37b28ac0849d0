/** Asks a DNS server as fast as it answers, for as long as it is told: known names, or names that nobody has. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { buildQuery } from "../../support/dns-client-query.ts";
import { type MemoryClusterSize, memoryQuestion, unknownQuestion } from "./cluster.ts";

export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  readonly size: MemoryClusterSize;
  readonly names: "known" | "unknown";
  /** Under way at any time. */
  readonly inFlight: number;
}

/** What was lost is asked again after this time, in a bunch. */
const lossTimeoutMs = 500;

const order: LoadOrder = JSON.parse(process.argv[2] ?? "");
const socket = createSocket("udp4");
socket.connect(order.port, order.host);
await once(socket, "connect");
let answered = 0;
let answeredBefore = 0;
socket.on("message", () => {
  answered += 1;
  ask();
});
// Nobody listens: the server has ended, or is about to begin.
socket.on("error", () => {});
for (let n = 0; n < order.inFlight; n += 1) ask();
setInterval(() => {
  if (answered === answeredBefore) for (let n = 0; n < order.inFlight; n += 1) ask();
  answeredBefore = answered;
}, lossTimeoutMs);
process.on("message", () => process.send?.({ answered }));
process.on("disconnect", () => process.exit());

function ask(): void {
  const random = Math.random();
  const question = order.names === "known" ? memoryQuestion(order.size, random) : unknownQuestion(random);
  socket.send(buildQuery(question, { edns: { udpSizeBytes: 1232 } }));
}
