/** Prepared replies and the plans that they are made by, over real sockets. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Handler } from "../../../src/dns/plugins/plugin.ts";
import { exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { answering, host, newServer, planOf } from "./test-server.ts";

const corefile = `test {\n bind ${host}\n answer\n}`;

async function answersOf(port: number): Promise<number> {
  return decodeReply(await exchangeUdp({ host, port }, buildQuery("web.test. A"))).answer.length;
}

test("a reply that is ready is of no use to the next plan, from the first query on", async context => {
  const server = newServer();
  context.after(() => server.close());
  let asked = 0;
  const counted = (count: number): Handler => {
    const handle = answering(count);
    return query => {
      asked += 1;
      return handle(query);
    };
  };
  await server.apply(planOf(corefile, { handle: counted(1), answersAlike: true }));
  const port = server.listeners[0]?.port ?? 0;
  for (let round = 0; round < 5; round++) assert.equal(await answersOf(port), 1);
  assert.equal(asked, 2, "from the third query on the shortcut is taken");
  await server.apply(planOf(corefile, { handle: counted(2), answersAlike: true }));
  assert.equal(await answersOf(port), 2);
  assert.equal(asked, 3);
});

test("a plugin that does not say that it answers alike is asked each time", async context => {
  const server = newServer();
  context.after(() => server.close());
  let asked = 0;
  const handle: Handler = query => {
    asked += 1;
    return answering(asked)(query);
  };
  await server.apply(planOf(corefile, { handle }));
  const port = server.listeners[0]?.port ?? 0;
  for (let round = 1; round <= 4; round++) assert.equal(await answersOf(port), round);
});
