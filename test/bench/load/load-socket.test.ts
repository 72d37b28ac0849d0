import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { loadCalls } from "./load-calls.ts";
import { LoadSocket } from "./load-socket.ts";
import { Questions } from "./questions.ts";
import { Tally } from "./tally.ts";

test("replies are told from one another after all ids have been used", { timeout: 60_000 }, async t => {
  const echo = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => echo.close());
  await once(echo, "listening");
  echo.on("message", (query, { port }) => {
    query[2] = 0x80;
    echo.send(query, port, "127.0.0.1");
  });
  const server = { host: "127.0.0.1", port: echo.address().port };
  const tally = new Tally("echo", { isTimed: false });
  const questions = new Questions({ names: ["web.example."], isEachNew: false, expected: "echo" });
  const socket = new LoadSocket(await loadCalls(), server, questions, tally);
  t.after(() => socket.close());
  // Not a divisor of the number of ids, so that a batch has both the last and the first.
  const batch = 60;
  while (tally.sent < 20_000) {
    assert.equal(socket.send(batch, performance.now()), batch);
    while (socket.outstanding > 0) {
      await nextTurn();
      socket.receive(performance.now());
    }
  }
  assert.deepEqual({ answered: tally.answered, lost: tally.lost }, { answered: tally.sent, lost: 0 });
});
