/** Lists in Protocol Buffers: a small page, then all the rest in one answer, which is read while it arrives. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { selectionsOf } from "../../../src/cluster/api/api-source.ts";
import { type Rig, startRig } from "./source-rig.ts";
import { writeList, writeService } from "./write-binary.ts";

const firstCount = 2;

/** What answers the rest of a list, time after time. */
type AnswerRest = (response: ServerResponse, list: Buffer) => void;

function begin(response: ServerResponse): ServerResponse {
  return response.writeHead(200, { "Content-Type": "application/vnd.kubernetes.protobuf" });
}

const whole: AnswerRest = (response, list) => begin(response).end(list);

/** A server of `count` Services, with a note of its queries but for watches, which stay open. */
async function startBinaryRig(t: TestContext, count: number, answers: AnswerRest[], note = "") {
  const queries: string[] = [];
  const items = Array.from({ length: count }, (_, index) => writeService(`web-${index}`, "10.96.0.1", note));
  const server = createServer(({ url = "" }, response) => {
    const { searchParams } = new URL(url, "http://api");
    if (searchParams.has("watch")) return void response.writeHead(200).flushHeaders();
    queries.push(String(searchParams));
    if (!searchParams.has("continue"))
      return whole(response, writeList("7", "rest", items.slice(0, firstCount)));
    (answers.shift() ?? whole)(response, writeList("7", "", items.slice(firstCount)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const rig = await startRig(t, {
    access: async () => ({ server: url, credentials: async () => ({}), renew: async () => {} }),
    selections: selectionsOf({}),
  });
  return { ...rig, queries };
}

function namesIn({ store }: Rig): readonly string[] {
  return [...store.objects("Service")].map(({ name }) => name);
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `web-${index}`);

test("list in Protocol Buffers asks for a small page, then for all the rest at once", async t => {
  const rig = await startBinaryRig(t, 1000, []);
  await rig.watching();
  assert.deepEqual(namesIn(rig), names(1000));
  assert.deepEqual(rig.queries, ["limit=100", "continue=rest"]);
  assert.equal(rig.status("Service").resourceVersion, "7");
});

test("rest of a list is known object by object while it arrives, and counts once it is complete", async t => {
  let finish = (): void => {};
  const half: AnswerRest = (response, list) => {
    begin(response).write(list.subarray(0, list.length / 2));
    finish = () => response.end(list.subarray(list.length / 2));
  };
  const rig = await startBinaryRig(t, 1000, [half]);
  await rig.when(() => namesIn(rig).length > 400);
  assert.equal(rig.store.isSynced("Service"), false);
  finish();
  await rig.watching();
  assert.deepEqual(namesIn(rig), names(1000));
});

test("rest of a list with objects larger than what is read at once has them all", async t => {
  const rig = await startBinaryRig(t, 5, [], "x".repeat(300_000));
  await rig.watching();
  assert.deepEqual(namesIn(rig), names(5));
});

const faults: readonly (readonly [what: string, answer: AnswerRest, error: RegExp])[] = [
  [
    "a reset in the middle",
    (response, list) => begin(response).write(list.subarray(0, 9_000), () => response.destroy()),
    /the connection was reset/,
  ],
  ["an end in the middle", (response, list) => begin(response).end(list.subarray(0, 9_000)), /cut off/],
  ["nothing", response => begin(response).end(), /no known form/],
  ["what is no list", response => begin(response).end("<html>"), /no known form/],
  ["JSON", response => response.end("{}"), /in another form than it began/],
];

for (const [what, answer, error] of faults) {
  test(`list whose rest is ${what} begins again, and what is known stays`, async t => {
    const rig = await startBinaryRig(t, 1000, [answer]);
    await rig.watching();
    assert.match(rig.lines[0] ?? "", error);
    assert.deepEqual(rig.queries, ["limit=100", "continue=rest", "limit=100", "continue=rest"]);
    assert.deepEqual(namesIn(rig), names(1000));
    assert.ok(rig.changes.every(change => change.startsWith("+")));
  });
}

test("rest of a list lets other work run in between", async t => {
  let turns = 0;
  const turn = (): void => {
    turns++;
    ticking = setImmediate(turn);
  };
  let ticking = setImmediate(turn);
  t.after(() => clearImmediate(ticking));
  let turnsBefore = 0;
  const counted: AnswerRest = (response, list) => {
    turnsBefore = turns;
    whole(response, list);
  };
  const rig = await startBinaryRig(t, 5000, [counted]);
  await rig.when(() => rig.store.isSynced("Service"));
  assert.ok(turns - turnsBefore > 50, `${turns - turnsBefore} turns of the event loop during 5 000 objects`);
});
