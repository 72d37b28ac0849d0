import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPlace } from "../../../src/cluster/manifest/finding.ts";

test("a place in a file is printed with line and column, a file as a whole without", () => {
  assert.equal(formatPlace({ file: "a.yaml", line: 3, column: 7 }), "a.yaml:3:7");
  assert.equal(formatPlace({ file: "a.yaml", line: 0, column: 0 }), "a.yaml");
});
