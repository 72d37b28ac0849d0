/** The thread behind `Load`. */

import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import type { LoadOptions, Sample } from "./load.ts";
import { openLink } from "./load-link.ts";

const { server, over = "udp", asks, perSecond, patienceMs = 20_000 } = workerData as LoadOptions;

type Pending = Omit<Sample, "latencyMs" | "outcome" | "answer" | "connection"> & { readonly dueAtMs: number };

const tickMs = 4;
const samples: Sample[] = [];
const pending = new Map<number, Pending>();
let phase = "";
let isOver = false;
let sentCount = 0;

const link = openLink(server, over, {
  reply(octets) {
    const reply = decodeReply(octets);
    settle(octets.readUInt16BE(), reply.rcode, reply.answer.join("\n"));
  },
  broken: (id, why) => settle(id, why),
});

parentPort?.on("message", (next: string | undefined) => {
  if (next === undefined) isOver = true;
  else phase = next;
});

const startedAtMs = performance.now();
while (!isOver) {
  const dueCount = Math.floor(((performance.now() - startedAtMs) * perSecond) / 1_000) + 1;
  while (sentCount < dueCount) send(startedAtMs + (sentCount * 1_000) / perSecond);
  giveUp();
  await delay(tickMs);
}
while (pending.size > 0) {
  giveUp();
  await delay(tickMs);
}
link.close();
parentPort?.postMessage(samples.filter(sample => sample !== undefined));
parentPort?.close();

function send(dueAtMs: number): void {
  const id = sentCount % 0x10000;
  const ask = (asks[sentCount % asks.length] ?? "").replace("#", String(sentCount));
  sentCount += 1;
  pending.set(id, { phase, ask, dueAtMs, sentAtMs: Date.now() });
  link.send(buildQuery(ask, { id, recursionDesired: true }), id);
}

function settle(id: number, outcome: string, answer?: string): void {
  const query = pending.get(id);
  if (query === undefined) return;
  pending.delete(id);
  const { dueAtMs, ...rest } = query;
  const latencyMs = answer === undefined ? undefined : performance.now() - dueAtMs;
  const isFirst = samples.length === 0;
  samples.push({ ...rest, latencyMs, outcome, answer: answer ?? "", connection: link.connection });
  if (isFirst) parentPort?.postMessage("started");
}

function giveUp(): void {
  const nowMs = performance.now();
  for (const [id, { dueAtMs }] of pending) {
    // The oldest come first.
    if (nowMs - dueAtMs < patienceMs) return;
    settle(id, "no reply");
  }
}
