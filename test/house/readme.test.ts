/** What the README promises is there. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { pino } from "pino";
import { ManifestSource } from "../../src/cluster/manifest/manifest-source.ts";
import { ClusterStore } from "../../src/cluster/store.ts";
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

test("README shows the addresses and Pod names that the examples really get", async () => {
  const store = new ClusterStore(() => {});
  const log = pino({ level: "silent" });
  const source = new ManifestSource({ paths: [`${root}manifests/examples`], store, log });
  await source.load();
  await source.stop();
  const services = [...store.objects("Service")].flatMap(service => [
    ...service.clusterIPs,
    ...service.loadBalancerIngress.map(({ ip }) => ip),
  ]);
  const pods = [...store.objects("Pod")];
  const known = new Set([...services, ...pods.flatMap(pod => pod.podIPs), ...pods.map(pod => pod.name)]);
  const shown = textOf("README.md").matchAll(
    /\b127\.(?!0\.0\.1\b)\d+\.\d+\.\d+\b(?!\/)|\bweb-\w{10}-\w{5}\b/g,
  );
  const names = new Set(Array.from(shown, ([text]) => text));
  assert.ok(names.size > 5);
  assert.deepEqual(
    [...names].filter(name => !known.has(name)),
    [],
  );
});
