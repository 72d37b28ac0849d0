import assert from "node:assert/strict";
import { realpathSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { listManifests } from "../../../src/cluster/manifest/list-manifests.ts";
import { temporaryFolder } from "./temporary-folder.ts";

test("a folder means its YAML and JSON files, sorted, with sub-folders, without hidden ones", async t => {
  const folder = temporaryFolder(t, {
    "b.yaml": "",
    "a.yml": "",
    "c.json": "",
    "readme.md": "",
    ".hidden.yaml": "",
    "ab/deep/x.yaml": "",
    ".git/x.yaml": "",
    "node_modules/x.yaml": "",
    "dir.yaml/y.yaml": "",
  });
  const { files, missing } = await listManifests([folder]);
  assert.deepEqual(
    files.map(file => relative(folder, file)),
    ["a.yml", "ab/deep/x.yaml", "b.yaml", "c.json", "dir.yaml/y.yaml"],
  );
  assert.deepEqual(missing, []);
});

test("arguments keep their order, a file named outright may be called anything, and none counts twice", async t => {
  const folder = temporaryFolder(t, { "a.yaml": "", "b.txt": "" });
  const paths = [join(folder, "b.txt"), folder, join(folder, "a.yaml"), `${folder}/./a.yaml`];
  const { files } = await listManifests(paths);
  assert.deepEqual(files, [join(folder, "b.txt"), join(folder, "a.yaml")]);
});

test("a path that is not there is missing, and the folder it would be in is followed", async t => {
  const folder = temporaryFolder(t);
  const { missing, folders } = await listManifests([join(folder, "gone.yaml")]);
  assert.deepEqual(missing, [join(folder, "gone.yaml")]);
  assert.deepEqual([...folders], [[realpathSync(folder), new Set(["gone.yaml"])]]);
});

test("links to files are read, those that lead nowhere and those to folders are not", async t => {
  const folder = temporaryFolder(t, { "real/a.yaml": "" });
  symlinkSync("real/a.yaml", join(folder, "link.yaml"));
  symlinkSync("nowhere", join(folder, "broken.yaml"));
  symlinkSync(".", join(folder, "circle.yaml"));
  const { files } = await listManifests([folder]);
  assert.deepEqual(
    files.map(file => relative(folder, file)),
    ["link.yaml", "real/a.yaml"],
  );
});
