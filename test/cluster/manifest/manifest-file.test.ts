import assert from "node:assert/strict";
import { test } from "node:test";
import { readFailure, readVersion } from "../../../src/cluster/manifest/manifest-file.ts";

const good = Buffer.from("{apiVersion: v1, kind: Namespace, metadata: {name: a}}");
const better = Buffer.from("{apiVersion: v1, kind: Namespace, metadata: {name: b}}");
const broken = Buffer.from("{apiVersion: v1, kind: Namespace, metadata: {name: A}}");

const codes = (file: { findings: readonly { code: string }[] }) => file.findings.map(({ code }) => code);

test("the same content again is the same version", () => {
  const first = readVersion("f.yaml", good, undefined);
  assert.equal(readVersion("f.yaml", Buffer.from(good), first), first);
  assert.notEqual(readVersion("f.yaml", better, first), first);
});

test("a file that breaks keeps its last good state and says so, however often it is read", () => {
  const first = readVersion("f.yaml", good, undefined);
  const second = readVersion("f.yaml", broken, first);
  const third = readVersion("f.yaml", Buffer.concat([broken, Buffer.from("\n")]), second);
  for (const version of [second, third]) {
    assert.equal(version.good, first.good);
    assert.deepEqual(codes(version), ["MANIFEST_NAME", "MANIFEST_LAST_GOOD_KEPT"]);
  }
  assert.deepEqual(codes(readVersion("f.yaml", better, third)), []);
});

test("a file that was never good contributes nothing", () => {
  const first = readVersion("f.yaml", broken, undefined);
  assert.equal(first.good, undefined);
  assert.deepEqual(codes(first), ["MANIFEST_NAME", "MANIFEST_FILE_UNUSED"]);
  assert.match(first.findings[1]?.message ?? "", /^nothing of this file is used \(1 object\) until/);
});

test("one bad document keeps the good ones of its file out too", () => {
  const mixed = Buffer.concat([good, Buffer.from("\n---\n"), broken]);
  assert.equal(readVersion("f.yaml", mixed, undefined).good, undefined);
});

test("a file that cannot be read keeps its last good state, and is good again when it can", () => {
  const first = readVersion("f.yaml", good, undefined);
  const second = readFailure("f.yaml", new Error("EACCES: permission denied"), first);
  assert.equal(second.good, first.good);
  assert.deepEqual(codes(second), ["MANIFEST_UNREADABLE", "MANIFEST_LAST_GOOD_KEPT"]);
  assert.match(second.findings[0]?.message ?? "", /EACCES/);
  assert.deepEqual(codes(readVersion("f.yaml", good, second)), []);
});
