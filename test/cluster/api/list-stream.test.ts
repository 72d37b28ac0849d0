/** Lists in Protocol Buffers: whole, in one answer, which is read while it arrives. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { selectionsOf } from "../../../src/cluster/api/api-source.ts";
import { type Rig, startRig } from "./source-rig.ts";
import { writeList, writeService } from "./write-binary.ts";

/** What answers a list, time after time. */
type AnswerList = (response: ServerResponse, list: Buffer, request: IncomingMessage) => void;

function begin(response: ServerResponse, headers: Readonly<Record<string, string>> = {}): ServerResponse {
  return response.writeHead(200, { "Content-Type": "application/vnd.kubernetes.protobuf", ...headers });
}

const whole: AnswerList = (response, list) => begin(response).end(list);

interface Served {
  readonly answers?: AnswerList[];
  /** Of each Service. */
  readonly note?: string;
  readonly version?: string;
}

/** A server of `count` Services, with a note of its queries. Watches stay open until they are ended. */
async function startBinaryRig(t: TestContext, count: number, served: Served = {}) {
  const { answers = [], note = "", version = "7" } = served;
  const queries: string[] = [];
  const watches: ServerResponse[] = [];
  const items = Array.from({ length: count }, (_, index) => writeService(`web-${index}`, "10.96.0.1", note));
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://api");
    if (searchParams.has("watch")) {
      watches.push(response.writeHead(200));
      return response.flushHeaders();
    }
    queries.push(`${request.headers.accept?.split("/").at(-1)} ${searchParams}`);
    if (request.headers.accept === "application/json") {
      const json = items.map((_, index) => ({ metadata: { name: `web-${index}`, namespace: "shop" } }));
      return void response.end(JSON.stringify({ metadata: { resourceVersion: version }, items: json }));
    }
    (answers.shift() ?? whole)(response, writeList(version, "", items), request);
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
  return { ...rig, queries, watches };
}

function namesIn({ store }: Rig): readonly string[] {
  return [...store.objects("Service")].map(({ name }) => name);
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `web-${index}`);

const wholeFromCache = "vnd.kubernetes.protobuf resourceVersion=0";

test("list in Protocol Buffers is asked for whole, from the watch cache", async t => {
  const rig = await startBinaryRig(t, 1000);
  await rig.watching();
  assert.deepEqual(namesIn(rig), names(1000));
  assert.deepEqual(rig.queries, [wholeFromCache]);
  assert.equal(rig.status("Service").resourceVersion, "7");
});

test("list in Protocol Buffers that is asked for again has to be the newest", async t => {
  const rig = await startBinaryRig(t, 3);
  await rig.watching();
  const gone = {
    type: "ERROR",
    object: { kind: "Status", code: 410, reason: "Expired", message: "too old" },
  };
  rig.watches[0]?.end(`${JSON.stringify(gone)}\n`);
  await rig.when(() => rig.watches.length === 2);
  assert.deepEqual(rig.queries, [wholeFromCache, "vnd.kubernetes.protobuf "]);
  assert.deepEqual(rig.changes, ["+web-0", "+web-1", "+web-2"]);
});

test("list is known object by object while it arrives, and counts once it is complete", async t => {
  let finish = (): void => {};
  const half: AnswerList = (response, list) => {
    begin(response).write(list.subarray(0, list.length / 2));
    finish = () => response.end(list.subarray(list.length / 2));
  };
  const rig = await startBinaryRig(t, 1000, { answers: [half] });
  await rig.when(() => namesIn(rig).length > 400);
  assert.equal(rig.store.isSynced("Service"), false);
  finish();
  await rig.watching();
  assert.deepEqual(namesIn(rig), names(1000));
});

test("list with objects larger than what is read at once has them all", async t => {
  const rig = await startBinaryRig(t, 5, { note: "x".repeat(300_000) });
  await rig.watching();
  assert.deepEqual(namesIn(rig), names(5));
});

const zipped: AnswerList = (response, list, { headers }) => {
  assert.equal(headers["accept-encoding"], "gzip");
  begin(response, { "Content-Encoding": "gzip" }).end(gzipSync(list));
};

test("list that comes compressed is the list", async t => {
  const rig = await startBinaryRig(t, 1000, { answers: [zipped] });
  await rig.watching();
  assert.deepEqual(namesIn(rig), names(1000));
  assert.deepEqual(rig.queries, [wholeFromCache]);
});

const zippedInPieces: AnswerList = async (response, list) => {
  const octets = gzipSync(list);
  begin(response, { "Content-Encoding": "gzip" });
  for (let start = 0; start < octets.length; start += 500) {
    await new Promise(sent => response.write(octets.subarray(start, start + 500), sent));
  }
  response.end();
};

test("list that comes compressed, in small pieces, is the list", async t => {
  const rig = await startBinaryRig(t, 1000, { answers: [zippedInPieces] });
  await rig.watching();
  assert.deepEqual(namesIn(rig), names(1000));
});

const faults: readonly (readonly [what: string, answer: AnswerList, error: RegExp])[] = [
  [
    "a reset in the middle",
    (response, list) => begin(response).write(list.subarray(0, 9_000), () => response.destroy()),
    /the connection was reset/,
  ],
  [
    "a reset in the middle of what is compressed",
    (response, list) => {
      const { length } = gzipSync(list);
      begin(response, { "Content-Encoding": "gzip" }).write(gzipSync(list).subarray(0, length / 2), () =>
        response.destroy(),
      );
    },
    /the connection was reset/,
  ],
  [
    "an end in the middle of what is compressed",
    (response, list) => begin(response, { "Content-Encoding": "gzip" }).end(gzipSync(list).subarray(0, -20)),
    /unexpected end of file/,
  ],
  ["an end in the middle", (response, list) => begin(response).end(list.subarray(0, 9_000)), /cut off/],
  ["nothing", response => begin(response).end(), /no known form/],
  ["what is no list", response => begin(response).end("<html>"), /no known form/],
  ["a page", response => begin(response).end(writeList("7", "rest", [])), /not whole/],
];

for (const [what, answer, error] of faults) {
  test(`list that is ${what} is asked for again, and what is known stays`, async t => {
    const rig = await startBinaryRig(t, 1000, { answers: [answer] });
    await rig.watching();
    assert.match(rig.lines[0] ?? "", error);
    assert.deepEqual(rig.queries, [wholeFromCache, wholeFromCache]);
    assert.deepEqual(namesIn(rig), names(1000));
    assert.ok(rig.changes.every(change => change.startsWith("+")));
  });
}

const withoutProtobuf: readonly (readonly [what: string, answer: AnswerList])[] = [
  ["says so", response => response.writeHead(406).end()],
  ["sends JSON all the same", response => response.writeHead(200).write('{"items":[')],
];

for (const [what, answer] of withoutProtobuf) {
  test(`list of a server that has no Protocol Buffers and ${what} comes in pages of JSON`, async t => {
    const rig = await startBinaryRig(t, 3, { answers: [answer] });
    await rig.watching();
    assert.deepEqual(namesIn(rig), names(3));
    assert.deepEqual(rig.queries, [wholeFromCache, "json limit=100"]);
    assert.deepEqual(
      rig.lines.filter(line => line.startsWith("warn")),
      [],
    );
  });
}

test("status of an answer counts, whatever its body turns out to be", async t => {
  const told = { "Content-Encoding": "gzip", "Retry-After": "3" };
  const refused: AnswerList = response => response.writeHead(429, told).end("slow down");
  const rig = await startBinaryRig(t, 3, { answers: [refused] });
  await rig.watching();
  assert.match(rig.lines[0] ?? "", /429 Too Many Requests/);
  assert.deepEqual(rig.delays, [3_000]);
});

for (const [what, answer] of withoutProtobuf) {
  test(`list of a server that ${what} once is asked for in Protocol Buffers when it is needed again`, async t => {
    const rig = await startBinaryRig(t, 3, { answers: [answer] });
    await rig.watching();
    const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
    rig.watches[0]?.end(`${JSON.stringify({ type: "ERROR", object: gone })}\n`);
    await rig.when(() => rig.watches.length === 2);
    assert.deepEqual(rig.queries, [wholeFromCache, "json limit=100", "vnd.kubernetes.protobuf "]);
  });
}

test("list lets other work run in between", async t => {
  let turns = 0;
  const turn = (): void => {
    turns++;
    ticking = setImmediate(turn);
  };
  let ticking = setImmediate(turn);
  t.after(() => clearImmediate(ticking));
  let turnsBefore = 0;
  const counted: AnswerList = (response, list) => {
    turnsBefore = turns;
    begin(response).end(list);
  };
  const rig = await startBinaryRig(t, 5000, { answers: [counted] });
  await rig.when(() => rig.store.isSynced("Service"));
  assert.ok(turns - turnsBefore > 50, `${turns - turnsBefore} turns of the event loop during 5 000 objects`);
});
