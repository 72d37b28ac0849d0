import assert from "node:assert/strict";
import { test } from "node:test";
import type { AdminState } from "../../src/cli/admin-pages.ts";
import { adminPages } from "../../src/cli/admin-pages.ts";
import { readCorefile } from "../../src/dns/corefile/read-corefile.ts";
import type { RunningBlock } from "../../src/dns/plugins/block.ts";
import { dictionary } from "../../src/dns/plugins/order.ts";
import type { Layer } from "../../src/dns/plugins/plugin.ts";

const files = { read: () => undefined, glob: () => [] };

function pagesOf(text: string, state: Partial<AdminState> = {}) {
  const { plan } = readCorefile({ file: "Corefile", text, files, environment: {} }, dictionary);
  const admin: AdminState = {
    metrics: {
      scrape: async () => ({ contentType: "text/plain", body: "numbers" }),
    } as AdminState["metrics"],
    blocks: () => [],
    state: () => "serving",
    missing: () => [],
    ...state,
  };
  const pages = adminPages(plan, admin);
  return {
    addresses: Object.fromEntries([...pages].map(([address, routes]) => [address, Object.keys(routes)])),
    async read(address: string, path: string) {
      const page = await pages.get(address)?.[path]?.();
      return page === undefined ? undefined : `${page.status} ${page.body.trim()}`;
    },
  };
}

function blockOf(...layers: readonly (readonly [name: string, layer: Layer])[]): RunningBlock {
  const members = layers.map(([name, layer]) => ({ name, config: undefined, layer }));
  return { members } as unknown as RunningBlock;
}

test("each word opens its page at its address, and those with one address share it", () => {
  assert.deepEqual(pagesOf(". {\n health\n ready\n prometheus\n}").addresses, {
    ":8080": ["/health"],
    ":8181": ["/ready"],
    "localhost:9153": ["/metrics"],
  });
  assert.deepEqual(pagesOf("a.org {\n health :80\n ready :80\n}\nb.org {\n prometheus :80\n}").addresses, {
    ":80": ["/health", "/ready", "/metrics"],
  });
  assert.deepEqual(pagesOf(". {\n whoami\n}").addresses, {});
});

test("health is 200 from the start to the end", async () => {
  for (const state of ["starting", "serving", "stopping"] as const) {
    const pages = pagesOf(". {\n health\n}", { state: () => state });
    assert.equal(await pages.read(":8080", "/health"), "200 OK");
  }
});

test("metrics are what is counted", async () => {
  assert.equal(await pagesOf(". {\n prometheus :1\n}").read(":1", "/metrics"), "200 numbers");
});

for (const [what, state, expected] of [
  [
    "while lists are loaded",
    { state: () => "starting", missing: () => ["waiting for pods"] },
    "503 kubernetes: waiting for pods",
  ],
  ["while nothing is answered yet", { state: () => "starting" }, "503 not answering DNS yet"],
  ["at the end", { state: () => "stopping" }, "503 Shutting down"],
  ["when everything is ready", { blocks: () => [blockOf(["whoami", {}])] }, "200 OK"],
  [
    "with what blocks wait for",
    {
      blocks: () => [
        blockOf(["one", { notReady: () => ["a", "b"] }]),
        blockOf(["two", { notReady: () => ["c"] }]),
      ],
    },
    "503 one: a\none: b\ntwo: c",
  ],
] as const satisfies readonly (readonly [string, Partial<AdminState>, string])[]) {
  test(`ready is ${expected.slice(0, 3)} ${what}`, async () => {
    assert.equal(await pagesOf(". {\n ready\n}", state).read(":8181", "/ready"), expected);
  });
}

for (const [monitor, afterwards] of [
  ["until-ready", "200 OK"],
  ["continuously", "503 fickle: lost"],
] as const) {
  test(`with monitor ${monitor} what was ready once is ${afterwards} when it is not any more`, async () => {
    let reasons: readonly string[] = ["loading"];
    const block = blockOf(["fickle", { notReady: () => reasons }]);
    const pages = pagesOf(`. {\n ready {\n monitor ${monitor}\n }\n}`, { blocks: () => [block] });
    assert.equal(await pages.read(":8181", "/ready"), "503 fickle: loading");
    reasons = [];
    assert.equal(await pages.read(":8181", "/ready"), "200 OK");
    reasons = ["lost"];
    assert.equal(await pages.read(":8181", "/ready"), afterwards);
  });
}

test("with monitor until-ready the plugins of another configuration are asked anew", async () => {
  let block = blockOf(["first", { notReady: () => [] }]);
  const pages = pagesOf(". {\n ready\n}", { blocks: () => [block] });
  assert.equal(await pages.read(":8181", "/ready"), "200 OK");
  block = blockOf(["second", { notReady: () => ["loading"] }]);
  assert.equal(await pages.read(":8181", "/ready"), "503 second: loading");
});
