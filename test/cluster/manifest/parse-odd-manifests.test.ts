/** Texts that hold something else than was meant, or than was expected of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { identify } from "../../../src/cluster/manifest/desired.ts";
import { parseManifest } from "../../../src/cluster/manifest/parse-manifest.ts";
import { describeFindings } from "./control-plane/expand-yaml.ts";

const service = (spec: string) => `apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n${spec}`;
const ports = (...lines: string[]) => service(`  ports:\n${lines.map(line => `  - ${line}\n`).join("")}`);

for (const [what, text, expected] of [
  ["a selector", service("  selecter: {a: b}\n  ports: [{port: 80}]\n"), ["5:13 selecter selector"]],
  ["a port's field", ports("{port: 80, targetport: 81}"), ["6:28 targetport targetPort"]],
  ["two fields", ports("{port: 80, nmae: a, protocoll: TCP}"), ["6:22 nmae name", "6:36 protocoll protocol"]],
  ["nothing, of a field that is like none", ports("{port: 80, colour: red}"), []],
  [
    "nothing, of all fields that exist",
    service("  clusterIP: None\n  clusterIPs: [None]\n  type: ClusterIP\n"),
    [],
  ],
] as const) {
  test(`the nearest field is proposed for ${what}`, () => {
    const { desired, warnings } = parseManifest(text, "f.yaml");
    assert.equal(desired.length, 1);
    const found = warnings.map(({ line, column, severity, message }) => {
      const [, field, meant] =
        /^Service web: there is no field (.*); did you mean (.*)\?$/.exec(message) ?? [];
      assert.equal(severity, "warning");
      return `${line}:${column} ${field} ${meant}`;
    });
    assert.deepEqual(found, expected);
  });
}

test("a misspelt field is proposed beside the error that it causes", () => {
  const { findings, warnings } = parseManifest(ports("prot: 80"), "f.yaml");
  assert.deepEqual(
    [...findings, ...warnings].map(({ code }) => code),
    ["MANIFEST_FIELD_MISSING", "MANIFEST_FIELD_UNKNOWN"],
  );
});

test("Pods with generateName get names, the same in every run and none twice", () => {
  const pod = "{apiVersion: v1, kind: Pod, metadata: {generateName: job-}, spec: {}}";
  const read = () => parseManifest(`${pod}\n---\n${pod}`, "f.yaml").desired.map(identify);
  const names = read();
  assert.deepEqual(read(), names);
  assert.equal(new Set(names).size, 2);
  for (const name of names) assert.match(name, /^Pod default\/job-[a-z0-9]{5}$/);
});

test("of many syntax errors three are told and the others counted", () => {
  const { findings } = parseManifest("a: [\n".repeat(9), "f.yaml");
  assert.equal(findings.length, 3);
  assert.match(findings[2]?.message ?? "", / \(and \d+ more\)$/);
  assert.ok(findings.slice(0, 2).every(({ message }) => !message.includes("more)")));
});

test("a template that was not rendered is told in one finding that says what to do", () => {
  const text =
    "{{- if .Values.on }}\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n  labels: {{ include }}\n{{- end }}\n";
  const { findings } = parseManifest(text, "f.yaml");
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["MANIFEST_SYNTAX"],
  );
  assert.match(findings[0]?.message ?? "", /template/);
  assert.match(findings[0]?.remedy ?? "", /helm template/);
});

for (const [what, text] of [
  ["a values.yaml", "replicas: 2\nimage: {name: web}\n"],
  ["a list", "- hosts: all\n"],
  ["a package.json", '{"name": "web", "version": "1.0.0"}'],
  ["two documents", "a: 1\n---\nb: 2\n"],
] as const) {
  test(`${what} is foreign where that may be, and an error where not`, () => {
    const { isForeign, findings } = parseManifest(text, "f.yaml", { mayBeForeign: true });
    assert.deepEqual([isForeign, findings], [true, []]);
    const strict = parseManifest(text, "f.yaml");
    assert.deepEqual([strict.isForeign, strict.findings[0]?.code], [false, "MANIFEST_NOT_AN_OBJECT"]);
  });
}

test("a document without kind beside objects is an error, wherever it is", () => {
  const text = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\nmetadata: {name: b}\n";
  const { isForeign, findings } = parseManifest(text, "f.yaml", { mayBeForeign: true });
  assert.deepEqual([isForeign, findings[0]?.code, findings[0]?.line], [false, "MANIFEST_NOT_AN_OBJECT", 3]);
});

test("JSON objects one after another are read, each with its place", () => {
  const namespace = (name: string) =>
    `{\n  "apiVersion": "v1", "kind": "Namespace",\n  "metadata": {"name": "${name}", "annotations": {"a": "}\\"{"}}\n}`;
  const text = `${namespace("a")}\n${namespace("b")}${namespace("C")}\n`;
  const { desired, findings } = parseManifest(text, "f.json");
  assert.deepEqual(desired.map(identify), ["Namespace a", "Namespace b"]);
  assert.deepEqual(
    desired.map(({ locate }) => locate(["metadata", "name"]).line),
    [3, 7],
  );
  assert.match(describeFindings(findings).join(), /^MANIFEST_NAME f\.json:10:24 Namespace C/);
});
