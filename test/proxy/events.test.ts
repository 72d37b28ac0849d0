import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { ApiStatusError } from "../../src/cluster/api/api-error.ts";
import type { EventReport } from "../../src/proxy/event-object.ts";
import { nodeReference, serviceReference } from "../../src/proxy/event-object.ts";
import type { EventTiming } from "../../src/proxy/events.ts";
import { EventRecorder } from "../../src/proxy/events.ts";

const portTaken: EventReport = {
  type: "Warning",
  reason: "FailedToStartServiceHealthcheck",
  action: "Listen",
  note: "node here failed to start healthcheck on port 30080: the port is taken",
  regarding: serviceReference("shop", "web"),
};

interface Sent {
  readonly verb: "create" | "patch";
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON that each test looks into
  readonly body: any;
}

/** A recorder whose API server answers with these failures first, and accepts everything then. */
function rig(t: TestContext, failures: readonly unknown[] = [], timing: Partial<EventTiming> = {}) {
  const sent: Sent[] = [];
  const lines: string[] = [];
  const clock = { nowMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
  const answers = [...failures];
  const answer = (verb: Sent["verb"]) => async (path: string, body: unknown) => {
    sent.push({ verb, path, body });
    const failure = answers.shift();
    if (failure !== undefined) throw failure;
  };
  const recorder = new EventRecorder({
    client: { create: answer("create"), patch: answer("patch") },
    controller: "kube-proxy",
    instance: "kube-proxy-here",
    log: pino({ base: null }, { write: line => lines.push(JSON.parse(line).msg) }),
    timing: { seriesMs: 1, retryMs: 1, nowMs: () => clock.nowMs, ...timing },
  });
  t.after(() => recorder.close());
  return { recorder, sent, lines, clock };
}

function bodyOf([first]: readonly Sent[]): Sent["body"] {
  assert.ok(first !== undefined);
  return first.body;
}

function status(code: number, message = "no"): ApiStatusError {
  return new ApiStatusError(code, { reason: "Reason", message });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 1));
}

test("EventRecorder report about a Service creates an event in the Service's namespace", async t => {
  const { recorder, sent } = rig(t);
  recorder.report(portTaken);
  await recorder.sent();
  assert.equal(sent.length, 1);
  assert.equal(sent[0]?.path, "/apis/events.k8s.io/v1/namespaces/shop/events");
  const { metadata, ...event } = bodyOf(sent);
  assert.match(metadata.name, /^web\.[0-9a-f]{16}$/);
  assert.equal(metadata.namespace, "shop");
  assert.deepEqual(event, {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    eventTime: "2026-01-02T03:04:05.678000Z",
    reportingController: "kube-proxy",
    reportingInstance: "kube-proxy-here",
    type: "Warning",
    reason: "FailedToStartServiceHealthcheck",
    action: "Listen",
    note: portTaken.note,
    regarding: { apiVersion: "v1", kind: "Service", namespace: "shop", name: "web" },
  });
});

test("EventRecorder report about a Node creates an event in namespace default", async t => {
  const { recorder, sent } = rig(t);
  recorder.report({ ...portTaken, regarding: nodeReference("here") });
  await recorder.sent();
  const { metadata, regarding } = bodyOf(sent);
  assert.deepEqual([metadata.namespace, regarding.uid], ["default", "here"]);
});

test("EventRecorder report with names and notes beyond the API's limits is cut to them", async t => {
  const { recorder, sent } = rig(t);
  recorder.report({ ...portTaken, note: "ü".repeat(2000), regarding: nodeReference("n".repeat(253)) });
  await recorder.sent();
  const { metadata, note } = bodyOf(sent);
  assert.equal(metadata.name.length, 253);
  assert.equal(note, "ü".repeat(512));
});

test("EventRecorder reports of the same thing are one event whose number is told once in a while", async t => {
  const { recorder, sent } = rig(t);
  for (let i = 0; i < 50; i++) recorder.report(portTaken);
  await until(() => sent.length === 2);
  const [created, patched] = sent;
  assert.equal(patched?.verb, "patch");
  assert.equal(patched?.path, `${created?.path}/${created?.body.metadata.name}`);
  assert.deepEqual(patched?.body, {
    series: { count: 50, lastObservedTime: "2026-01-02T03:04:05.678000Z" },
  });
  recorder.report(portTaken);
  await until(() => sent.length === 3);
  assert.equal(sent[2]?.body.series.count, 51);
});

test("EventRecorder reports that differ, or are long after each other, are events of their own", async t => {
  const { recorder, sent, clock } = rig(t);
  recorder.report(portTaken);
  recorder.report({ ...portTaken, regarding: serviceReference("shop", "api") });
  clock.nowMs += 361_000;
  recorder.report(portTaken);
  await recorder.sent();
  assert.deepEqual(
    sent.map(({ verb, body }) => `${verb} ${body.regarding.name}`),
    ["create web", "create api", "create web"],
  );
});

test("EventRecorder reports beyond the allowance are dropped until it has come back", async t => {
  const { recorder, sent, clock } = rig(t);
  const report = (name: string) =>
    recorder.report({ ...portTaken, regarding: serviceReference("shop", name) });
  for (let i = 0; i < 100; i++) report(`web-${i}`);
  await recorder.sent();
  assert.equal(sent.length, 25);
  clock.nowMs += 300_000;
  for (let i = 0; i < 100; i++) report(`api-${i}`);
  await recorder.sent();
  assert.equal(sent.length, 26);
});

test("EventRecorder report while the API server is away is sent when it is back", async t => {
  const { recorder, sent, lines } = rig(t, [new Error("connect ECONNREFUSED"), status(503), status(429)]);
  recorder.report(portTaken);
  await recorder.sent();
  assert.equal(sent.length, 4);
  assert.equal(new Set(sent.map(({ body }) => body.metadata.name)).size, 1);
  assert.deepEqual(lines, []);
});

test("EventRecorder report that is never taken is given up", async t => {
  const { recorder, sent } = rig(t, Array(20).fill(new Error("connect ECONNREFUSED")));
  recorder.report(portTaken);
  await recorder.sent();
  assert.equal(sent.length, 12);
});

test("EventRecorder without the right to write events says so once and is silent for a while", async t => {
  const forbidden = status(
    403,
    'events.events.k8s.io is forbidden: User "u" cannot create resource "events"',
  );
  const { recorder, sent, lines, clock } = rig(t, [forbidden, forbidden], { silenceMs: 1000 });
  const reportAll = async () => {
    for (const name of ["a", "b", "c"])
      recorder.report({ ...portTaken, regarding: serviceReference("shop", name) });
    await recorder.sent();
  };
  await reportAll();
  await reportAll();
  assert.equal(sent.length, 1);
  clock.nowMs += 1000;
  await reportAll();
  assert.equal(sent.length, 2);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /^no events are written, everything else works: 403 .*forbidden/);
});

test("EventRecorder report into a namespace that is being deleted silences nothing else", async t => {
  const { recorder, sent } = rig(t, [
    status(403, "forbidden: unable to create new content in namespace shop because it is being terminated"),
  ]);
  recorder.report(portTaken);
  await recorder.sent();
  recorder.report({ ...portTaken, regarding: serviceReference("other", "web") });
  await recorder.sent();
  assert.deepEqual(
    sent.map(({ body }) => body.metadata.namespace),
    ["shop", "other"],
  );
});

test("EventRecorder repetition of an event that has expired is a new event the next time", async t => {
  const { recorder, sent } = rig(t, [undefined, status(404)]);
  recorder.report(portTaken);
  recorder.report(portTaken);
  await until(() => sent.length === 2);
  await recorder.sent();
  recorder.report(portTaken);
  await recorder.sent();
  assert.deepEqual(
    sent.map(({ verb }) => verb),
    ["create", "patch", "create"],
  );
});

test("EventRecorder close breaks off attempts and takes no more reports", async t => {
  const { recorder, sent } = rig(t, Array(20).fill(new Error("away")), { retryMs: 60_000 });
  recorder.report(portTaken);
  await until(() => sent.length === 1);
  await recorder.close();
  recorder.report({ ...portTaken, note: "another" });
  await recorder.sent();
  assert.equal(sent.length, 1);
});
