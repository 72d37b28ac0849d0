import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCorefile } from "../../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../../src/dns/corefile/plan.ts";
import { cache } from "../../../../src/dns/plugins/cache/cache.ts";
import { findingsOf } from "../rig.ts";

function configOf(text: string): unknown {
  const files = { read: () => undefined, glob: () => [] };
  const blocks = parseCorefile({ file: "Corefile", text, files, environment: {} });
  return planCorefile(blocks, { plugins: [cache], others: {} }).blocks[0]?.entries[0]?.config;
}

const limits = { capacity: 9984, minTtlSeconds: 5, disabledZones: [] };
const usual = {
  zones: [["example", "org"]],
  success: { ...limits, maxTtlSeconds: 3600 },
  denial: { ...limits, maxTtlSeconds: 1800 },
  servfailMs: 5_000,
  prefetch: undefined,
  stale: undefined,
  keepsTtl: false,
};

for (const [text, differences] of [
  ["cache", {}],
  ["cache 30", { success: { ...limits, maxTtlSeconds: 30 }, denial: { ...limits, maxTtlSeconds: 30 } }],
  [
    "cache example.com 10.0.0.0/8",
    {
      zones: [
        ["example", "com"],
        ["10", "in-addr", "arpa"],
      ],
    },
  ],
  [
    "cache {\n success 100 60 0\n }",
    { success: { ...limits, capacity: 1024, maxTtlSeconds: 60, minTtlSeconds: 0 } },
  ],
  ["cache {\n denial 5000 60\n }", { denial: { ...limits, capacity: 4864, maxTtlSeconds: 60 } }],
  ["cache {\n prefetch 3\n }", { prefetch: { leastHits: 3, withinMs: 60_000, percentage: 10 } }],
  ["cache {\n prefetch 3 5m 90%\n }", { prefetch: { leastHits: 3, withinMs: 300_000, percentage: 90 } }],
  ["cache {\n prefetch 0\n }", {}],
  ["cache {\n serve_stale 0s\n }", {}],
  ["cache {\n servfail 500ms\n keepttl\n }", { servfailMs: 500, keepsTtl: true }],
  [
    "cache {\n disable denial\n disable success A.Example.com b.test\n }",
    {
      success: {
        ...usual.success,
        disabledZones: [
          ["a", "example", "com"],
          ["b", "test"],
        ],
      },
      denial: { ...usual.denial, disabledZones: [[]] },
    },
  ],
] as const) {
  test(`${text.replace(/\s+/g, " ")} is read`, () => {
    assert.deepEqual(configOf(`example.org {\n ${text}\n}`), { ...usual, ...differences });
  });
}

const stale = {
  forMs: 3_600_000,
  mode: "immediate",
  verifyTimeoutMs: 0,
  ttlSeconds: 0,
  recheckMs: 0,
  prefersPositive: false,
};
for (const [text, differences] of [
  ["serve_stale", {}],
  ["serve_stale 5m Immediate 30s 1m", { forMs: 300_000, ttlSeconds: 30, recheckMs: 60_000 }],
  [
    "serve_stale 1h verify 100ms 30s 5m",
    { mode: "verify", verifyTimeoutMs: 100, ttlSeconds: 30, recheckMs: 300_000 },
  ],
  ["serve_stale_policy PREFER_positive\n serve_stale", { prefersPositive: true }],
] as const) {
  test(`${text.replace(/\s+/g, " ")} is read`, () => {
    assert.deepEqual(configOf(`. {\n cache {\n ${text}\n }\n}`), {
      ...usual,
      zones: [[]],
      stale: { ...stale, ...differences },
    });
  });
}

for (const [text, findings] of [
  ["cache 0", ["2:8 COREFILE_VALUE"]],
  ["cache -5 example.org", ["2:8 COREFILE_VALUE"]],
  ["cache\n cache", ["3:2 COREFILE_DUPLICATE"]],
  ["cache {\n success\n denial x\n }", ["3:2 COREFILE_ARGUMENTS", "4:9 COREFILE_VALUE"]],
  ["cache {\n success 1 0\n denial 1 1 -1\n }", ["3:12 COREFILE_VALUE", "4:13 COREFILE_VALUE"]],
  ["cache {\n success 1 2 3 4\n }", ["3:16 COREFILE_NO_EFFECT"]],
  ["cache {\n prefetch\n prefetch -1\n }", ["3:2 COREFILE_ARGUMENTS", "4:11 COREFILE_VALUE"]],
  ["cache {\n prefetch 1 1m 20\n }", ["3:16 COREFILE_VALUE"]],
  ["cache {\n prefetch 1 1m 9%\n }", ["3:16 COREFILE_VALUE"]],
  ["cache {\n servfail 6m\n servfail\n }", ["3:11 COREFILE_VALUE", "4:2 COREFILE_ARGUMENTS"]],
  ["cache {\n disable\n disable all\n }", ["3:2 COREFILE_ARGUMENTS", "4:10 COREFILE_VALUE"]],
  ["cache {\n keepttl on\n }", ["3:10 COREFILE_ARGUMENTS"]],
  ["cache {\n serve_stale -1s\n }", ["3:14 COREFILE_VALUE"]],
  ["cache {\n serve_stale 1h later\n }", ["3:17 COREFILE_VALUE"]],
  ["cache {\n serve_stale 1h immediate 1500ms\n }", ["3:27 COREFILE_VALUE"]],
  ["cache {\n serve_stale 1h immediate 30s 6m\n }", ["3:31 COREFILE_VALUE"]],
  ["cache {\n serve_stale 1h immediate 30s 1m 1m\n }", ["3:34 COREFILE_ARGUMENTS"]],
  ["cache {\n serve_stale_policy prefer_positive\n }", ["3:2 COREFILE_MISSING"]],
  ["cache {\n serve_stale\n serve_stale_policy newest\n }", ["4:21 COREFILE_VALUE"]],
  [
    "cache {\n serve_stale\n serve_stale_policy prefer_positive\n serve_stale_policy prefer_positive\n }",
    ["5:2 COREFILE_DUPLICATE"],
  ],
  ["cache {\n max_size 5\n }", ["3:2 COREFILE_UNKNOWN_OPTION"]],
] as const) {
  test(`${text.replace(/\s+/g, " ")} is found fault with`, () => {
    assert.deepEqual(findingsOf(`. {\n ${text}\n}`, [cache]), findings);
  });
}

test("a stock Corefile's cache is explained in whole sentences", () => {
  const config = configOf(
    ". {\n cache 30 {\n disable success cluster.local\n disable denial cluster.local\n }\n}",
  );
  assert.deepEqual(cache.explain(config), [
    "Keeps what upstreams say of names in .: up to 9984 answers, each for its TTL but 5 s at least and 30 s at most, and up to 9984 denials, each for its TTL but 5 s at least and 30 s at most.",
    "Names of the cluster and of files are never kept, but all records of their replies get one TTL within the same limits.",
    "Answers in cluster.local. are not kept.",
    "Denials in cluster.local. are not kept.",
    "A failure of an upstream is repeated for 5 s, unless there is an older answer that can still be used.",
  ]);
});
