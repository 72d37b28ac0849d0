import assert from "node:assert/strict";
import { test } from "node:test";
import { livePods, proxySelections, selectionsOf } from "../../../src/cluster/api/api-source.ts";
import type { Kind } from "../../../src/cluster/objects.ts";
import { startRig } from "./source-rig.ts";

test("label selectors choose Services, slices and Pods, or namespaces, and never ServiceImports", async t => {
  const kinds: readonly Kind[] = ["Namespace", "Service", "EndpointSlice", "Pod", "ServiceImport"];
  const objects = kinds.flatMap(kind => [
    { kind, metadata: { name: `${kind}-a`, labels: { app: "a" } } },
    { kind, metadata: { name: `${kind}-b`, labels: { team: "b" } } },
  ]);
  const selections = selectionsOf({ labelSelector: "app=a", namespaceLabelSelector: "team" });
  const { store, watching } = await startRig(t, { kinds, objects, selections });
  await watching();
  assert.deepEqual(kinds.flatMap(kind => [...store.objects(kind)].map(object => object.name)).sort(), [
    "EndpointSlice-a",
    "Namespace-b",
    "Pod-a",
    "Service-a",
    "ServiceImport-a",
    "ServiceImport-b",
  ]);
});

test("selections of a proxy leave out what belongs to others, also when a label is put on or taken off", async t => {
  const kinds: readonly Kind[] = ["Service", "EndpointSlice", "Node", "ServiceCIDR"];
  const headless = { "service.kubernetes.io/headless": "" };
  const foreign = { "service.kubernetes.io/service-proxy-name": "other" };
  const proxied = (labels: Record<string, string>) => ({
    kind: "Service",
    metadata: { name: "web", labels },
    spec: { clusterIP: "10.96.0.1" },
  });
  const objects = [
    proxied({}),
    { kind: "Service", metadata: { name: "foreign", labels: foreign }, spec: { clusterIP: "10.96.0.2" } },
    { kind: "Service", metadata: { name: "headless" }, spec: { clusterIP: "None" } },
    { kind: "EndpointSlice", metadata: { name: "web-1" } },
    { kind: "EndpointSlice", metadata: { name: "headless-1", labels: headless } },
    { kind: "Node", metadata: { name: "n1" } },
    { kind: "Node", metadata: { name: "n10" } },
    { kind: "ServiceCIDR", metadata: { name: "kubernetes" } },
  ];
  const rig = await startRig(t, { kinds, objects, selections: proxySelections("n1") });
  await rig.watching();
  assert.deepEqual(
    kinds.map(kind => [...rig.store.objects(kind)].map(object => object.name)),
    [["web"], ["web-1"], ["n1"], ["kubernetes"]],
  );
  rig.server.put(proxied(foreign));
  await rig.when(() => rig.changes.at(-1) === "-web");
  rig.server.put(proxied({}));
  await rig.when(() => rig.changes.at(-1) === "+web");
});

test("source with selections asks for those objects only and sees them come and go", async t => {
  const pod = (name: string, phase: string) => ({ kind: "Pod", metadata: { name }, status: { phase } });
  const { server, changes, watching, when } = await startRig(t, {
    kinds: ["Pod"],
    objects: [pod("runs", "Running"), pod("done", "Succeeded")],
    selections: { Pod: { ...livePods, labels: "!hidden" } },
  });
  await watching();
  server.put(pod("runs", "Failed"));
  await when(() => changes.length === 2);
  assert.deepEqual(changes, ["+runs", "-runs"]);
});
