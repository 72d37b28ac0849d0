import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../../src/dns/plugins/outcome.ts";
import { failure } from "../../../src/dns/plugins/outcome.ts";
import type { ChainMember, CountedQuery, PluginHost } from "../../../src/dns/plugins/plugin.ts";
import { prometheus } from "../../../src/dns/plugins/prometheus.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { readWord } from "./read-word.ts";
import { type AskOptions, Rig } from "./rig.ts";

for (const [directive, address] of [
  ["prometheus", "localhost:9153"],
  ["prometheus :9153", ":9153"],
  ["prometheus 127.0.0.1:9253 {\n runtime_metrics\n}", "127.0.0.1:9253"],
] as const) {
  test(`${JSON.stringify(directive)} is read`, () => {
    const { config, findings, sentences } = readWord(prometheus, directive);
    assert.deepEqual(config, { address });
    assert.deepEqual(findings, []);
    assert.deepEqual(sentences, [`Counts queries and shows the numbers on http://${address}/metrics.`]);
  });
}

for (const [directive, ...findings] of [
  ["prometheus :1 :2", "2:15 COREFILE_ARGUMENTS"],
  ["prometheus 9153", "2:12 COREFILE_VALUE"],
  ["prometheus {\n runtime_metrics on\n}", "3:18 COREFILE_ARGUMENTS"],
  ["prometheus {\n tls web.yaml\n}", "3:2 COREFILE_UNSAFE_TO_IGNORE"],
  ["prometheus {\n other\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
  ["prometheus\nprometheus", "3:1 COREFILE_DUPLICATE"],
] as const) {
  test(`${JSON.stringify(directive)} is found wrong at its place`, () => {
    assert.deepEqual(readWord(prometheus, directive).findings, findings);
  });
}

interface Told extends AskOptions {
  /** The plugins of the block, outermost first. */
  readonly members?: readonly string[];
  /** Undefined: a reply of the plugin `whoami`. */
  readonly outcome?: Outcome;
  readonly response?: Uint8Array;
}

/** What is counted of one query. */
async function counted(ask: string, { members = ["prometheus"], outcome, response, ...options }: Told = {}) {
  const queries: CountedQuery[] = [];
  const host = { queries: { observe: (query: CountedQuery) => queries.push(query) } };
  const layer = await prometheus.start?.({ address: ":9153" }, host as unknown as PluginHost);
  layer?.connect?.({
    members: members.map((name): ChainMember => ({ name, config: undefined, layer: {} })),
    handle: () => failure(2),
  });
  const query = new Rig().query(ask, options);
  const told = outcome ?? replyTo(query.message, { plugin: "whoami" });
  const rcode = told.kind === "reply" || told.kind === "failure" ? told.rcode : 0;
  layer?.sent?.({ query, outcome: told, rcode, requestSizeBytes: 41, response, durationMs: 250 });
  assert.equal(queries.length, 1);
  return queries[0];
}

test("a query is counted with its listener, zone, transport, family, type, sizes, time and writer", async () => {
  assert.deepEqual(await counted("www.example.org. AAAA", { response: Buffer.alloc(98) }), {
    server: "dns://:53",
    zone: ".",
    protocol: "udp",
    family: "1",
    type: 28,
    rcode: 0,
    isDnssecOk: false,
    requestSizeBytes: 41,
    responseSizeBytes: 98,
    durationSeconds: 0.25,
    plugin: "whoami",
  });
});

for (const [what, told, expected] of [
  ["over IPv6", { client: { family: "IPv6" } }, { family: "2" }],
  ["over TCP", { client: { protocol: "tcp" } }, { protocol: "tcp" }],
  ["over TLS", { client: { protocol: "tls" } }, { protocol: "tcp" }],
  ["over HTTPS", { client: { protocol: "https" } }, { protocol: "tcp" }],
  ["with EDNS", { edns: {} }, { isDnssecOk: false }],
  ["with the DNSSEC OK bit", { edns: { isDnssecOk: true } }, { isDnssecOk: true }],
  ["that failed", { outcome: failure(2, "no answer") }, { rcode: 2, plugin: "" }],
  ["that gets no reply", { outcome: { kind: "drop" } }, { responseSizeBytes: 0, plugin: "" }],
  [
    "with loadbalance outside the writer",
    { members: ["prometheus", "loadbalance", "whoami"] },
    { plugin: "loadbalance" },
  ],
  [
    "with loadbalance inside the writer",
    { members: ["prometheus", "whoami", "loadbalance"] },
    { plugin: "whoami" },
  ],
] as const satisfies readonly (readonly [string, Told, Partial<CountedQuery>])[]) {
  test(`a query ${what} is counted as such`, async () => {
    const seen = await counted("www.example.org. A", told);
    assert.deepEqual({ ...seen, ...expected }, seen);
  });
}
