/** What the README promises is there. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { root, textOf } from "./repository.ts";

for (const command of ["npm ci && npm start", "npm ci && npm test"]) {
  test(`README says ${command}`, () => {
    assert.ok(textOf("README.md").includes(command));
  });
}

test("README names only paths that exist", () => {
  const paths = textOf("README.md").matchAll(/(?<![\w/.-])(?:src|test|manifests|\.ci)\/[\w./-]*[\w/-]/g);
  const missing = [...paths].map(([path]) => path).filter(path => !existsSync(root + path));
  assert.deepEqual(missing, []);
});
