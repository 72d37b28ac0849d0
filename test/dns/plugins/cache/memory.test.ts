import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

test("a million names and large replies take the entries and the memory allowed", async () => {
  const program = fileURLToPath(new URL("million-names.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program], {
    timeout: 60_000,
  });
  const { small, smallMiB, large, largeMiB } = JSON.parse(stdout) as Record<string, number>;
  assert.equal(small, 9984);
  // 6.4 MiB were seen; a receive buffer kept for each entry would be more than 600.
  assert.ok(Number(smallMiB) < 16, `${smallMiB} MiB`);
  assert.ok(Number(large) < 9984);
  assert.ok(Number(largeMiB) < 20, `${largeMiB} MiB`);
});
