/** Questions that lead to questions, and plugins that are still needed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../../src/dns/plugins/outcome.ts";
import type { Handler } from "../../../src/dns/plugins/plugin.ts";
import type { Dropped } from "../../../src/dns/server/drop-query.ts";
import { exchangeUdp, UdpClient } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { answering, host, newServer, planOf, start } from "./test-server.ts";

const ask = async (port: number, question = "web.test. A") =>
  decodeReply(await exchangeUdp({ host, port }, buildQuery(question)));

for (const [what, lookup] of [
  ["at once", query => query.lookup(query.question)],
  [
    "turn after turn",
    async query => {
      await new Promise(resolve => setImmediate(resolve));
      return query.lookup(query.question);
    },
  ],
] as const satisfies readonly (readonly [string, Handler])[]) {
  test(`questions that lead to questions without end, ${what}, are SERVFAIL after ten`, async context => {
    let askedCount = 0;
    let faultCount = 0;
    const outcomes: Outcome[] = [];
    const { port } = await start(context, {
      handle(query) {
        askedCount += 1;
        return lookup(query);
      },
      sent: ({ outcome }) => outcomes.push(outcome),
      onFault: () => {
        faultCount += 1;
      },
    });
    assert.equal((await ask(port)).rcode, "SERVFAIL");
    assert.deepEqual([askedCount, faultCount], [11, 0]);
    assert.deepEqual(outcomes, [
      { kind: "failure", rcode: 2, error: "questions lead to questions without end" },
    ]);
  });
}

test("a question that leads out of all zones is REFUSED to whoever asks it", async context => {
  const { port } = await start(context, {
    handle: query => query.lookup({ ...query.question, name: ["elsewhere", "example"] }),
  });
  assert.equal((await ask(port)).rcode, "REFUSED");
});

test("nothing is under way when late answers and faults have been sent", async () => {
  const server = newServer();
  const handle: Handler = async query => {
    await null;
    if (query.name[0] === "faulty") throw new Error("a bug");
    if (query.name[0] !== "web") return answering(1)(query);
    const found = await query.lookup({ ...query.question, name: ["faulty", "test"] });
    return found.kind === "failure" ? answering(2)(query) : found;
  };
  await server.apply(planOf(`test {\n bind ${host}\n answer\n}`, { handle }));
  const port = server.listeners[0]?.port ?? 0;
  const codes: string[] = [];
  for (const name of ["other", "faulty", "web"]) codes.push((await ask(port, `${name}.test. A`)).rcode);
  const startedAtMs = performance.now();
  await server.close();
  assert.ok(performance.now() - startedAtMs < 2_000, "closing has waited for the time of grace");
  assert.deepEqual(codes, ["NOERROR", "SERVFAIL", "NOERROR"]);
});

test("the plugins of an earlier plan are closed when their last query is answered, not before", async context => {
  const server = newServer();
  context.after(() => server.close());
  const corefile = `test {\n bind ${host}\n answer\n}`;
  const answer = Promise.withResolvers<Outcome>();
  const asked = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const events: string[] = [];
  await server.apply(
    planOf(corefile, {
      handle(query) {
        asked.resolve();
        return answer.promise.then(() => answering(1)(query));
      },
      sent: () => events.push("answered"),
      close: () => {
        events.push("closed");
        closed.resolve();
      },
    }),
  );
  const client = await UdpClient.open({ host, port: server.listeners[0]?.port ?? 0 });
  context.after(() => client.close());
  client.send(buildQuery("web.test. A"));
  await asked.promise;
  await server.apply(planOf(corefile, { handle: answering(2) }));
  assert.equal((await ask(server.listeners[0]?.port ?? 0)).answer.length, 2);
  assert.deepEqual(events, []);
  answer.resolve({ kind: "drop" });
  assert.equal(decodeReply(await client.receive()).answer.length, 1);
  await closed.promise;
  assert.deepEqual(events, ["answered", "closed"]);
});

for (const [what, question, options, rcode] of [
  ["outside the zones", "www.example.com. A", {}, 5],
  ["of another class", "web.test. CH TXT", {}, 5],
  ["with an unknown EDNS version", "web.test. A", { edns: { version: 1 } }, 16],
  ["with another opcode", "web.test. A", { opcode: 5 }, 4],
] as const) {
  test(`a query ${what} is told as dropped, once, with rcode and sizes, and no plugin hears of it`, async context => {
    const drops: Dropped[] = [];
    const server = newServer({ onDropped: (_server, dropped) => void drops.push(dropped) });
    context.after(() => server.close());
    const unheard = () => assert.fail("a plugin heard of it");
    await server.apply(planOf(`test {\n bind ${host}\n answer\n}`, { handle: unheard, sent: unheard }));
    const query = buildQuery(question, options);
    const reply = await exchangeUdp({ host, port: server.listeners[0]?.port ?? 0 }, query);
    const [dropped, ...others] = drops;
    assert.deepEqual(others, []);
    assert.deepEqual(
      [dropped?.rcode, dropped?.requestSizeBytes, dropped?.response?.length],
      [rcode, query.length, reply.length],
    );
    assert.equal(dropped?.client.address, host);
  });
}
