/** The cleaner against a real kernel: rules, sockets and the program `conntrack` in a network namespace of their own. */

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const scenario = fileURLToPath(new URL("./udp-flow-scenario.ts", import.meta.url));

function missing(): string | false {
  if (process.getuid?.() !== 0) return "needs root, for a network namespace";
  const absent = ["unshare", "ip", "nft", "conntrack"].find(
    program => spawnSync(program, ["--version"]).error !== undefined,
  );
  return absent === undefined ? false : `needs the program ${absent}`;
}

for (const family of ["IPv4", "IPv6"]) {
  test(`UDP flows of ${family} leave removed endpoints and stay with all others`, {
    skip: missing(),
  }, async () => {
    const { stdout } = await promisify(execFile)("unshare", ["--net", process.execPath, scenario, family]);
    assert.deepEqual(JSON.parse(stdout), {
      "first endpoint": ["a", "a"],
      "endpoint replaced, not cleaned": [undefined, undefined].map(() => "no answer"),
      "endpoint replaced, cleaned": ["b", "b"],
      "entries deleted for it": 2,
      "flow to nobody's Service": "c",
      "entries of that flow": 1,
      "scaled to zero": 2,
      "entries left after scaling to zero": 0,
      "never translated, endpoint came, not cleaned": "no answer",
      "never translated, endpoint came, cleaned": "b",
      "Service deleted": 1,
      "entries left after deletion": 0,
    });
  });
}
