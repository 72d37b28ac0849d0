import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { health } from "../../../src/dns/plugins/health.ts";
import { readWord } from "./read-word.ts";
import { startRig } from "./rig.ts";

for (const [directive, config] of [
  ["health", { address: ":8080", lameduckMs: 0 }],
  ["health localhost:81", { address: "localhost:81", lameduckMs: 0 }],
  ["health {\n lameduck 5s\n}", { address: ":8080", lameduckMs: 5_000 }],
  ["health :81\nhealth {\n lameduck 1m30s\n}", { address: ":81", lameduckMs: 90_000 }],
] as const) {
  test(`${JSON.stringify(directive)} is read`, () => {
    assert.deepEqual(readWord(health, directive).config, config);
    assert.deepEqual(readWord(health, directive).findings, []);
  });
}

for (const [directive, ...findings] of [
  ["health :81 :82", "2:12 COREFILE_ARGUMENTS"],
  ["health 81", "2:8 COREFILE_VALUE"],
  ["health {\n lameduck 5\n}", "3:11 COREFILE_VALUE"],
  ["health {\n lameduck\n}", "3:2 COREFILE_ARGUMENTS"],
  ["health {\n lame 5s\n}", "3:2 COREFILE_UNKNOWN_OPTION"],
] as const) {
  test(`${JSON.stringify(directive)} is found wrong at its place`, () => {
    assert.deepEqual(readWord(health, directive).findings, findings);
  });
}

test("it is explained with the address and the time of grace", () => {
  assert.deepEqual(readWord(health, "health :81 {\n lameduck 5s\n}").sentences, [
    "Says on http://:81/health that the process is alive, and answers for 5 s more when it is told to stop.",
  ]);
});

/** Asks its own page at an address where `serve` answers, and gives what was counted after one second. */
async function metricsAfterOnePoll(
  context: TestContext,
  serve: RequestListener,
): Promise<Map<string, number>> {
  const answered = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    assert.equal(request.url, "/health");
    serve(request, response);
    // The client hears of it after this turn.
    response.on("close", () => setImmediate(() => setImmediate(answered.resolve)));
  });
  server.listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  context.mock.timers.enable({ apis: ["setInterval"] });
  const { port } = server.address() as AddressInfo;
  const rig = await startRig(`. {\n health 127.0.0.1:${port}\n}`, { plugins: [health] });
  context.after(() => rig.close());
  assert.deepEqual([...rig.metrics], [["coredns_health_request_failures_total", 0]]);
  context.mock.timers.tick(1_000);
  await answered.promise;
  return rig.metrics;
}

test("each second it asks its own page, and observes how long that took", async context => {
  const metrics = await metricsAfterOnePoll(context, (_request, response) => response.end("OK"));
  assert.deepEqual(
    [...metrics],
    [
      ["coredns_health_request_failures_total", 0],
      ["coredns_health_request_duration_seconds", 1],
    ],
  );
});

test("a page that does not answer is counted as a failure", async context => {
  const metrics = await metricsAfterOnePoll(context, request => request.socket.destroy());
  assert.deepEqual([...metrics], [["coredns_health_request_failures_total", 1]]);
});

test("it asks no more when it is closed", async context => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  const rig = await startRig(". {\n health 127.0.0.1:1\n}", { plugins: [health] });
  await rig.close();
  context.mock.timers.tick(60_000);
  await new Promise(resolve => setImmediate(resolve));
  assert.deepEqual([...rig.metrics], [["coredns_health_request_failures_total", 0]]);
});
