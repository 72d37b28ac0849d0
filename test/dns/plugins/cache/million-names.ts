/**
 * A process of its own that puts a million names through the cache, then large replies, and prints what that took:
 * `node --expose-gc million-names.ts`.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { parseCorefile } from "../../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../../src/dns/corefile/plan.ts";
import { AnswerCache } from "../../../../src/dns/plugins/cache/answer-cache.ts";
import { cache } from "../../../../src/dns/plugins/cache/cache.ts";
import type { CacheConfig } from "../../../../src/dns/plugins/cache/cache-config.ts";
import { octetsReply } from "../../../../src/dns/plugins/octets-reply.ts";
import type { PluginHost } from "../../../../src/dns/plugins/plugin.ts";
import type { Query } from "../../../../src/dns/plugins/query.ts";
import { encodeMessage } from "../../../../src/dns/wire/encode.ts";
import type { RecordData } from "../../../../src/dns/wire/record.ts";
import { emptyMessage } from "../../wire/messages.ts";

const entries = new Map<string, number>();
const nothing = { inc: () => {}, at: () => nothing, observe: () => {} };
const host = {
  instruments: {
    counter: () => nothing,
    histogram: () => nothing,
    gauge: () => ({ set: (labels: { type: string }, value: number) => entries.set(labels.type, value) }),
  },
  now: () => performance.now(),
} as unknown as PluginHost;

const text = ". {\n cache\n}";
const blocks = parseCorefile({
  file: "Corefile",
  text,
  files: { read: () => undefined, glob: () => [] },
  environment: {},
});
const plan = planCorefile(blocks, { plugins: [cache], others: {} });
const layer = new AnswerCache(plan.blocks[0]?.entries[0]?.config as CacheConfig, host);

let received = new Uint8Array(65_535);
let offset = 0;

function ask(label: string, data: RecordData): void {
  const name = [label, "example", "org"];
  const question = { name, type: data.type === "TXT" ? 16 : 1, class: 1 };
  const message = { ...emptyMessage, questions: [question] };
  const query = { message, question, name, server: "dns://:53" } as unknown as Query;
  void layer.aroundUpstream(query, () => {
    const record = { name, class: 1, ttlSeconds: 3600, data };
    const octets = encodeMessage({ ...message, isResponse: true, answers: [record] }, 65535);
    // As a socket gives it: a part of a buffer that is far larger.
    if (offset + octets.length > received.length) {
      received = new Uint8Array(65_535);
      offset = 0;
    }
    received.set(octets, offset);
    offset += octets.length;
    return octetsReply(received.subarray(offset - octets.length, offset), { plugin: "forward" });
  });
}

async function usedMiB(): Promise<number> {
  for (let round = 0; round < 2; round++) {
    globalThis.gc?.();
    // Buffers are given back between turns of the event loop.
    await nextTurn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

const before = await usedMiB();
for (let index = 0; index < 1_000_000; index++) ask(`n${index}`, { type: "A", address: "192.0.2.1" });
const [small, smallMiB] = [entries.get("success"), (await usedMiB()) - before];
const strings = Array.from({ length: 120 }, () => "x".repeat(255));
for (let index = 0; index < 2_000; index++) {
  ask(`large${index}`, { type: "A", address: "192.0.2.2" });
  ask(`larger${index}`, { type: "TXT", strings });
}
process.stdout.write(
  JSON.stringify({ small, smallMiB, large: entries.get("success"), largeMiB: (await usedMiB()) - before }),
);
