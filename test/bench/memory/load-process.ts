/** Asks a DNS server for known names, or names that nobody has, for as long as it is told. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { buildQuery } from "../../support/dns-client-query.ts";
import { type MemoryClusterSize, memoryQuestion, unknownQuestion } from "./cluster.ts";

export interface LoadOrder {
  readonly host: string;
  readonly port: number;
  readonly size: MemoryClusterSize;
  readonly names: "known" | "unknown";
  /** Questions under way at any time, as fast as they are answered, or in a second. */
  readonly pace: { readonly inFlight: number } | { readonly perSecond: number };
}

/** What was lost is asked again after this time, in a bunch. */
const lossTimeoutMs = 500;
const stepsPerSecond = 100;

const order: LoadOrder = JSON.parse(process.argv[2] ?? "");
const socket = createSocket("udp4");
socket.connect(order.port, order.host);
await once(socket, "connect");
let answered = 0;
socket.on("message", () => {
  answered += 1;
});
// Nobody listens: the server has ended, or is about to begin.
socket.on("error", () => {});
if ("inFlight" in order.pace) askOnAndOn(order.pace.inFlight);
else askAtRate(order.pace.perSecond);
process.on("message", () => process.send?.({ answered }));
process.on("disconnect", () => process.exit());

function askOnAndOn(inFlight: number): void {
  let answeredBefore = -1;
  socket.on("message", () => ask(1));
  ask(inFlight);
  setInterval(() => {
    if (answered === answeredBefore) ask(inFlight);
    answeredBefore = answered;
  }, lossTimeoutMs);
}

function askAtRate(perSecond: number): void {
  setInterval(() => ask(perSecond / stepsPerSecond), 1_000 / stepsPerSecond);
}

function ask(count: number): void {
  for (let n = 0; n < count; n += 1) {
    const random = Math.random();
    const question = order.names === "known" ? memoryQuestion(order.size, random) : unknownQuestion(random);
    socket.send(buildQuery(question, { edns: { udpSizeBytes: 1232 } }));
  }
}
