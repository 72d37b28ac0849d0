/** House rules that neither compiler nor linter hold. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { filesBelow, textOf } from "./repository.ts";

const code = [...filesBelow("src"), ...filesBelow("test")].filter(file => file.endsWith(".ts"));
const everything = [
  ...filesBelow("src"),
  ...filesBelow("test"),
  ...filesBelow("manifests"),
  "Dockerfile",
  "rolldown.config.ts",
];

const maxLines = 300;
/** Files that are longer on purpose, and why. */
const longFiles: Readonly<Record<string, string>> = {};

function offenders(files: readonly string[], isWrong: (file: string) => boolean): string[] {
  return files.filter(isWrong);
}

test("files and folders are named in kebab-case", () => {
  const isWrong = (path: string) =>
    !/^(?:[a-z0-9]+(?:[-.][a-z0-9]+)*\/)*[a-z0-9]+(?:[-.][a-z0-9]+)*$/.test(path);
  assert.deepEqual(offenders([...code, ...filesBelow("manifests")], isWrong), []);
});

test("no file is named after its shape instead of its matter", () => {
  const isWrong = (path: string) =>
    /\/(?:utils?|helpers?|types?|common|misc|index|constants)\.ts$/.test(path);
  assert.deepEqual(offenders(code, isWrong), []);
});

test(`files have at most ${maxLines} lines unless a reason is listed`, () => {
  const isLong = (path: string) => textOf(path).split("\n").length - 1 > maxLines;
  assert.deepEqual(offenders(code, isLong), Object.keys(longFiles).sort());
});

for (const [what, pattern] of [
  ["default exports", /^export default\b/m],
  ["enums", /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s/m],
  ["notes for later", /\b(?:TODO|FIXME|XXX|HACK)\b/],
] as const) {
  test(`source has no ${what}`, () => {
    assert.deepEqual(
      offenders(filesBelow("src"), path => pattern.test(textOf(path))),
      [],
    );
  });
}

test("no file names the host of a package or image registry", () => {
  const hosts =
    /\b(?:docker|gcr|ghcr|quay)\.io\b|\b(?:npmjs|yarnpkg|azurecr|pkg)\.(?:org|com|io|dev)\b|\bregistry\.[a-z0-9-]+\.[a-z]/;
  assert.deepEqual(
    offenders(everything, path => hosts.test(textOf(path))),
    [],
  );
});

test("package.json pins every dependency to one version", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(textOf("package.json"));
  const all: [string, string][] = Object.entries({
    ...dependencies,
    ...devDependencies,
    ...optionalDependencies,
  });
  const loose = all.filter(([, version]) => !/^(?:\d+\.\d+\.\d+(?:-[\w.]+)?|file:.+)$/.test(version));
  assert.deepEqual(loose, []);
});
