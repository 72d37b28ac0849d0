/** What a disk, a system and other programs do to files while the source watches them. */

import assert from "node:assert/strict";
import type { Dirent } from "node:fs";
import { unlinkSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Fixture, service } from "./source-fixture.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const broken = service("web").replace("80", "800000");

/** `fs.readdir` that fails in one folder while `code` is set. */
function failingIn(folder: string, code: string | undefined) {
  const state = {
    code,
    async readFolder(path: string): Promise<Dirent[]> {
      if (path !== folder || state.code === undefined) return readdir(path, { withFileTypes: true });
      throw Object.assign(new Error(`${state.code}: refused, scandir`), { code: state.code });
    },
  };
  return state;
}

for (const [code, remedy] of [
  ["EACCES", /permissions/],
  ["EMFILE", /ulimit -n/],
  ["EIO", /disk/],
] as const) {
  test(`a sub-folder that cannot be read (${code}) keeps what was known from it, until it can`, async t => {
    const folder = temporaryFolder(t, { "a.yaml": service("web"), "sub/b.yaml": service("db") });
    const failing = failingIn(join(folder, "sub"), undefined);
    const fixture = await new Fixture(t, [folder], { readFolder: failing.readFolder, settleMs: 30 }).start();
    failing.code = code;
    writeFileSync(join(folder, "a.yaml"), service("web", 81));
    await fixture.until("it is told", () => fixture.codes().includes("MANIFEST_UNREADABLE"));
    const found = fixture.source.findings().find(({ code }) => code === "MANIFEST_UNREADABLE");
    assert.deepEqual([found?.file, found?.line, found?.severity], [join(folder, "sub"), 0, "error"]);
    assert.match(
      found?.message ?? "",
      new RegExp(`${code}: refused.*the 1 file last known in it stays in use`),
    );
    assert.match(found?.remedy ?? "", remedy);
    await fixture.until("the edit", () => fixture.port("web") === 81);
    assert.equal(fixture.port("db"), 80);
    // Nothing tells that it can be read again; it is tried again without being told.
    failing.code = undefined;
    await fixture.until("it is readable again", () => fixture.codes().length === 0);
    assert.equal(fixture.port("db"), 80);
    unlinkSync(join(folder, "sub", "b.yaml"));
    await fixture.until("it is watched again", () => fixture.port("db") === undefined);
  });
}

test("a folder that cannot be read at first is an error, and nothing is known of it", async t => {
  const folder = temporaryFolder(t, { "a.yaml": service("web") });
  const failing = failingIn(folder, "EACCES");
  const fixture = new Fixture(t, [folder], { readFolder: failing.readFolder });
  const { fileCount, findings } = await fixture.source.load();
  assert.equal(fileCount, 0);
  assert.deepEqual(
    findings.map(({ code, file }) => [code, file]),
    [["MANIFEST_UNREADABLE", folder]],
  );
});

test("a folder that goes on failing is told once and not logged again", { timeout: 10_000 }, async t => {
  const folder = temporaryFolder(t, { "sub/b.yaml": service("db") });
  const failing = failingIn(join(folder, "sub"), "EMFILE");
  let tries = 0;
  let toldCount = 0;
  const { promise: tried, resolve } = Promise.withResolvers<void>();
  const fixture = new Fixture(t, [folder], {
    settleMs: 1,
    onFindings: () => toldCount++,
    readFolder(path) {
      if (path === join(folder, "sub") && ++tries === 20) resolve();
      return failing.readFolder(path);
    },
  });
  await fixture.start();
  await tried;
  assert.deepEqual([toldCount, fixture.logLines], [1, []]);
});

for (const [what, cut] of [
  ["empty", ""],
  ["cut short", service("web")],
] as const) {
  test(`a file that suddenly is ${what} counts as it was until it has stayed so`, async t => {
    const all = `${service("web")}---\n${service("db")}`;
    const folder = temporaryFolder(t, { "all.yaml": all, "other.yaml": service("other") });
    const settleMs = 300;
    const fixture = await new Fixture(t, [folder], { settleMs }).start();
    let portWhenOtherChanged: number | undefined;
    fixture.store.onChange(({ after }) => {
      if (after?.name === "other") portWhenOtherChanged = fixture.port("db");
    });
    const cutAtMs = performance.now();
    writeFileSync(join(folder, "all.yaml"), cut);
    writeFileSync(join(folder, "other.yaml"), service("other", 81));
    await fixture.until("another edit", () => fixture.port("other") === 81);
    assert.equal(portWhenOtherChanged, 80);
    await fixture.until("it counts", () => fixture.port("db") === undefined);
    assert.ok(performance.now() - cutAtMs >= settleMs);
    assert.deepEqual(fixture.codes(), []);
  });
}

test("a file that is emptied and then written whole never lets go of its objects", async t => {
  const all = `${service("web")}---\n${service("db")}`;
  const folder = temporaryFolder(t, { "all.yaml": all, "other.yaml": service("other") });
  const fixture = await new Fixture(t, [folder], { settleMs: 60_000 }).start();
  const removed: string[] = [];
  fixture.store.onChange(({ kind, before, after }) => {
    if (after === undefined) removed.push(`${kind} ${before?.name}`);
  });
  writeFileSync(join(folder, "all.yaml"), "");
  writeFileSync(join(folder, "other.yaml"), service("other", 81));
  await fixture.until("the look at the empty file", () => fixture.port("other") === 81);
  writeFileSync(join(folder, "all.yaml"), all.replaceAll("80", "82"));
  await fixture.until("the new text", () => fixture.port("db") === 82);
  assert.deepEqual(removed, []);
});

test("a file that is mended is told in the log", async t => {
  const folder = temporaryFolder(t, { "a.yaml": broken });
  const fixture = await new Fixture(t, [folder]).start();
  assert.deepEqual(fixture.codes(), ["MANIFEST_PORT", "MANIFEST_FILE_UNUSED"]);
  writeFileSync(join(folder, "a.yaml"), service("web"));
  await fixture.until("it is mended", () => fixture.codes().length === 0);
  const lines = fixture.logLines.filter(({ level }) => level === 30).map(({ msg }) => msg);
  assert.deepEqual(
    lines.filter(line => line.includes("again")),
    [`${join(folder, "a.yaml")}: read again without errors`],
  );
});

test("files of other programs in a folder are one note, and errors when they are named", async t => {
  const files = { "a.yaml": service("web"), "values.yaml": "a: 1\n", "x/package.json": '{"name": "x"}' };
  const folder = temporaryFolder(t, files);
  const { findings } = await new Fixture(t, [folder]).source.load();
  const [note] = findings.filter(({ code }) => code === "MANIFEST_FILES_SKIPPED");
  const names = [join(folder, "values.yaml"), join(folder, "x/package.json")].join(", ");
  assert.deepEqual(
    [note?.severity, note?.message],
    ["note", `skipped 2 files that hold no Kubernetes objects: ${names}`],
  );
  assert.ok(findings.every(({ severity }) => severity !== "error"));
  const named = await new Fixture(t, [join(folder, "values.yaml")]).source.load();
  assert.equal(named.findings[0]?.code, "MANIFEST_NOT_AN_OBJECT");
});

test("a watch that fails is logged in one line, with the reason and without a stack", async t => {
  const folder = temporaryFolder(t);
  const watchFolder = () => {
    throw Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });
  };
  const { logLines } = await new Fixture(t, [folder], { watchFolder }).start();
  assert.equal(logLines.length, 1);
  assert.match(logLines[0]?.msg ?? "", /EMFILE: too many open files/);
  assert.ok(!JSON.stringify(logLines).includes("stack"));
});
