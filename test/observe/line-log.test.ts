import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLine } from "../../src/observe/line-log.ts";

for (const [what, fields, line] of [
  [
    "a line of a plugin",
    { level: "info", plugin: "reload", msg: "Reloading" },
    "[INFO] plugin/reload: Reloading\n",
  ],
  ["a line of the server", { level: "warn", msg: "look" }, "[WARNING] look\n"],
  [
    "further fields",
    { level: "debug", msg: "x", port: 53, name: "a.b.", list: ["a"] },
    '[DEBUG] x port=53 name=a.b. list=["a"]\n',
  ],
  [
    "a cause",
    { level: "warn", msg: "no reply", err: { message: "timeout", stack: "Error\n    at here" } },
    "[WARNING] no reply: timeout\n",
  ],
  [
    "a fault of our own",
    {
      level: "error",
      msg: "answering failed",
      err: { message: "x is null", stack: "Error: x\n    at here\n    at there" },
    },
    "[ERROR] answering failed: x is null\n    at here\n    at there\n",
  ],
] as const) {
  test(`${what} is printed as CoreDNS would`, () => {
    assert.equal(formatLine(JSON.stringify({ time: "2026-01-01T00:00:00Z", ...fields })), line);
  });
}
