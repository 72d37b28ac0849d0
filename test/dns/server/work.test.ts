import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Work } from "../../../src/dns/server/work.ts";

suite("work under way", () => {
  test("nothing under way is finished at once", async () => {
    await new Work().finished();
  });

  test("it is finished when all of it has ended, however it ended, and can begin again", async () => {
    const work = new Work();
    for (const round of [1, 2]) {
      const [one, other] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      work.add(one.promise);
      work.add(other.promise);
      work.begin();
      let isFinished = false;
      const finished = Promise.all([work.finished(), work.finished()]).then(() => {
        isFinished = true;
      });
      one.resolve();
      other.reject(new Error("ended badly"));
      await nextTurn();
      assert.equal(isFinished, false, `round ${round}`);
      work.end();
      await finished;
    }
  });

  test("what is found by reading more is waited for as well", async () => {
    const work = new Work();
    const found = [nextTurn(), nextTurn()];
    let endedCount = 0;
    work.add(nextTurn());
    await work.finishedWith(async () => {
      const next = found.pop();
      if (next !== undefined) work.add(next.then(() => (endedCount += 1)));
    });
    assert.equal(endedCount, 2);
  });
});
