/** The Corefiles that clusters come with, and one that went wrong, as the server reads them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { diskFiles } from "../../../src/cli/corefile-disk.ts";
import { readCorefile } from "../../../src/dns/corefile/read-corefile.ts";
import { dictionary } from "../../../src/dns/plugins/order.ts";

const folder = fileURLToPath(new URL("../../fixtures/corefiles/", import.meta.url));

function readFixture(name: string) {
  const file = `${folder}${name}/Corefile`;
  const text = readFileSync(file, "utf8");
  return readCorefile({ file, text, files: diskFiles(), environment: {} }, dictionary).plan;
}

const stock: readonly (readonly [name: string, ...blocks: string[]])[] = [
  ["kubeadm", "reload ready health prometheus errors loadbalance cache kubernetes loop forward"],
  ["kubeadm-older", "reload ready health prometheus errors loadbalance cache kubernetes loop forward"],
  [
    "k3s",
    "reload ready health prometheus errors log loadbalance rewrite cache hosts kubernetes loop forward",
    "errors cache forward",
  ],
  ["minikube", "reload ready health prometheus errors log loadbalance cache hosts kubernetes loop forward"],
  ["eks", "reload ready health prometheus errors loadbalance cache kubernetes loop forward"],
  [
    "coredns-deployment",
    "reload ready health prometheus errors loadbalance cache kubernetes loop forward",
    "errors cache loop forward",
  ],
];

for (const [name, ...expected] of stock) {
  test(`Corefile of ${name} has no findings, and every word of it is at work`, () => {
    const { blocks, findings } = readFixture(name);
    assert.deepEqual(findings, []);
    const words = blocks.map(({ entries }) => entries.map(({ plugin }) => plugin.name).join(" "));
    assert.deepEqual(words, expected);
  });
}

test("every word of the stock Corefiles is explained in sentences", () => {
  for (const { plugin, config } of stock.flatMap(([name]) =>
    readFixture(name).blocks.flatMap(block => block.entries),
  )) {
    const sentences = plugin.explain(config);
    assert.notEqual(sentences.length, 0, plugin.name);
    for (const sentence of sentences) assert.match(sentence, /^[A-Z].*\.$/s, plugin.name);
  }
});

test("a dozen mistakes are found, each where it stands", () => {
  const found = readFixture("mistakes").findings.map(({ at, code }) => `${at.line}:${at.column} ${code}`);
  assert.deepEqual(found, [
    "5:17 COREFILE_VALUE",
    "8:5 COREFILE_UNKNOWN_PLUGIN",
    "12:5 COREFILE_REMOVED_PLUGIN",
    "14:8 COREFILE_UNKNOWN_OPTION",
    "15:15 COREFILE_VALUE",
    "17:5 COREFILE_UNKNOWN_PLUGIN",
    "19:5 COREFILE_DUPLICATE",
    "20:17 COREFILE_VALUE",
    "21:12 COREFILE_IMPORT",
    "23:1 COREFILE_KEY",
    "26:1 COREFILE_DUPLICATE",
    "29:1 COREFILE_NOT_OFFERED",
    "30:12 COREFILE_ARGUMENTS",
    "31:5 COREFILE_UNSAFE_TO_IGNORE",
  ]);
});
