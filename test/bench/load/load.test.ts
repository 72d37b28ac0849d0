/** Figures are worth no more than the load they come from: it has to count every query and every reply. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { type BareServer, startEcho, startUpstream } from "../dns/servers.ts";
import { LoadGenerator } from "./load-generator.ts";
import type { Asked, LoadRequest } from "./load-request.ts";

const asked: Asked = { names: ["web.example.", "db.example."], isEachNew: false, expected: "answer" };
const window: LoadRequest["pace"] = { kind: "window", outstanding: 64 };
let upstream: BareServer;
let generator: LoadGenerator;

before(async () => {
  upstream = await startUpstream();
  generator = LoadGenerator.start();
});

after(() => {
  upstream[Symbol.dispose]();
  generator[Symbol.dispose]();
});

function run(request: Partial<LoadRequest>) {
  return generator.run({ server: upstream.server, asked, pace: window, seconds: 0.2, ...request });
}

test("load that waits for replies gets one for each query", async () => {
  const { sent, answered, wrong, lost } = await run({});
  assert.ok(sent >= 64, `${sent} sent`);
  assert.deepEqual({ answered, wrong, lost }, { answered: sent, wrong: 0, lost: 0 });
});

test("load at a rate sends as many queries as are due and times them", async () => {
  const { sent, answered, seconds, latency } = await run({ pace: { kind: "rate", perSecond: 1_000 } });
  assert.ok(sent <= seconds * 1_000 + 1, `${sent} in ${seconds} s`);
  assert.equal(answered, sent);
  assert.ok(latency !== undefined && latency.p50Ms > 0);
  assert.ok(latency.p50Ms <= latency.p99Ms && latency.p99Ms <= latency.maxMs);
});

test("replies with another code than expected are wrong", async () => {
  const { sent, answered, wrong } = await run({ asked: { ...asked, expected: "nxdomain" } });
  assert.deepEqual({ answered, wrong }, { answered: 0, wrong: sent });
});

test("replies without the answers that are expected are wrong", async () => {
  using echo = await startEcho([]);
  const asAnswer = await run({ server: echo.server });
  assert.equal(asAnswer.wrong, asAnswer.sent);
  const asEcho = await run({ server: echo.server, asked: { ...asked, expected: "echo" } });
  assert.equal(asEcho.answered, asEcho.sent);
});

test("queries that nobody answers are lost", async t => {
  const silent = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => silent.close());
  await once(silent, "listening");
  const server = { host: "127.0.0.1", port: silent.address().port };
  const { sent, answered, lost } = await run({ server, pace: { kind: "rate", perSecond: 100 } });
  assert.ok(sent > 0);
  assert.deepEqual({ answered, lost }, { answered: 0, lost: sent });
});

test("names that are each new never come twice, not in another run either", async t => {
  const witness = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => witness.close());
  await once(witness, "listening");
  const names: string[] = [];
  witness.on("message", (query, { port }) => {
    names.push(query.toString("latin1", 13, 33));
    query[2] = 0x80;
    witness.send(query, port, "127.0.0.1");
  });
  const server = { host: "127.0.0.1", port: witness.address().port };
  const eachNew: Asked = { names: ["aaaaaaaaaaaa.example."], isEachNew: true, expected: "echo" };
  const request = { server, asked: eachNew, pace: { kind: "rate", perSecond: 500 } } as const;
  const sent = (await run(request)).sent + (await run(request)).sent;
  while (names.length < sent) await once(witness, "message");
  assert.equal(new Set(names).size, sent);
  for (const name of names) assert.match(name, /^[a-p]{12}.example$/);
});
