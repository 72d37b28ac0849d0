import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Command } from "../support/command.ts";

const fixtures = fileURLToPath(new URL("../fixtures/kube-proxy/", import.meta.url));

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "frontdesk-check-proxy-"));
  writeFileSync(
    join(folder, "config.conf"),
    "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: ipvs\noomScoreAdjust: 5\noomScoreAdj: 5000\n",
  );
  writeFileSync(join(folder, "Corefile"), ". {\n whoami\n}\n");
});
after(() => rmSync(folder, { recursive: true }));

test("check of a KubeProxyConfiguration lists errors, warnings and notes, and ends with 1", async () => {
  const file = join(folder, "config.conf");
  const { code, stdout, stderr } = await Command.run("check", file);
  const lines = stdout.split("\n").map(line => line.trim().replaceAll(/ {2,}/g, "  "));
  assert.deepEqual(lines, [
    "PLACE  SEVERITY  CODE  WHAT, AND WHAT TO DO",
    `${file}:3:7  note  PROXY_MODE  mode ipvs is served by nftables, as every mode is here`,
    "→ nothing: node ports stay where this mode has them",
    `${file}:4:1  warning  PROXY_FIELD_UNKNOWN  oomScoreAdjust is not a field, and is ignored`,
    "→ remove it",
    `${file}:5:14  error  PROXY_FIELD_VALUE  oomScoreAdj must be from -1000 to 1000, not 5000`,
    "→ leave it out to get the default",
    "",
    `${file}: 1 error, 1 warning, 1 note`,
    "",
  ]);
  assert.deepEqual([code, stderr], [1, ""]);
});

test("check ends with 0 for what kubeadm and kind write, beside a Corefile too", async () => {
  const files = [`${fixtures}kubeadm.yaml`, join(folder, "Corefile"), `${fixtures}kind.yaml`];
  const { code, stdout } = await Command.run("check", ...files);
  assert.equal(stdout, `${files.join(" ")}: nothing to complain about\n`);
  assert.equal(code, 0);
});

test("check --explain of a KubeProxyConfiguration still lists its findings", async () => {
  const { code, stdout } = await Command.run(
    "check",
    "--explain",
    "-o",
    "json",
    `${fixtures}kind-rootless.yaml`,
  );
  const { findings, blocks } = JSON.parse(stdout);
  assert.deepEqual(
    findings.map(({ line, column, severity, code }: Record<string, unknown>) => [
      line,
      column,
      severity,
      code,
    ]),
    [[53, 7, "note", "PROXY_MODE"]],
  );
  assert.deepEqual([code, blocks], [0, []]);
});
