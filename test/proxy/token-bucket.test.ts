import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenBucket } from "../../src/proxy/token-bucket.ts";

test("TokenBucket take lets a burst through, then one for every interval, and never saves up more than a burst", () => {
  let nowMs = 0;
  const bucket = new TokenBucket(3, 1000, () => nowMs);
  const takeAt = (timeMs: number, times: number) => {
    nowMs = timeMs;
    return Array.from({ length: times }, () => bucket.take()).filter(isTaken => isTaken).length;
  };
  assert.deepEqual(
    [takeAt(0, 5), takeAt(999, 1), takeAt(1000, 2), takeAt(3500, 5), takeAt(4000, 5), takeAt(1_000_000, 9)],
    [3, 0, 1, 2, 1, 3],
  );
});
