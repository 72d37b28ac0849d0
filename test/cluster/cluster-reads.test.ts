import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClusterReads, changedKeys } from "../../src/cluster/cluster-reads.ts";
import type { Kind } from "../../src/cluster/objects.ts";
import { type Cluster, ClusterStore } from "../../src/cluster/store.ts";
import { trim } from "../../src/cluster/trim.ts";
import * as fixtures from "../support/cluster-fixtures.ts";

const namespaces = ["shop", "lab"];
const names = ["web", "db"];
const addresses = ["10.0.0.1", "10.0.0.2", "2001:db8::1"];

const anyNamespace = fc.constantFrom(...namespaces);
const anyName = fc.constantFrom(...names);
const anyAddresses = fc.subarray(addresses);

const anyObject = fc.oneof(
  anyNamespace.map(name => fixtures.namespace(name)),
  fc
    .tuple(anyNamespace, anyName, anyAddresses, anyAddresses, anyAddresses)
    .map(([namespace, name, clusterIPs, externalIPs, loadBalancerIPs]) =>
      fixtures.service(namespace, name, { clusterIPs, externalIPs, loadBalancerIPs }),
    ),
  fc
    .tuple(anyNamespace, anyName, anyAddresses)
    .map(([namespace, name, endpoints]) => fixtures.endpointSlice(namespace, name, { endpoints })),
  fc
    .tuple(anyNamespace, anyName, anyAddresses)
    .map(([namespace, name, endpoints]) => fixtures.importedSlice(namespace, name, "east", { endpoints })),
  fc
    .tuple(anyNamespace, anyName, anyAddresses)
    .map(([namespace, name, podIPs]) => fixtures.pod(namespace, name, { podIPs })),
  fc
    .tuple(anyNamespace, anyName, anyAddresses)
    .map(([namespace, name, ips]) => fixtures.serviceImport(namespace, name, { ips })),
);

const anyChange = fc.record({ object: anyObject, isRemoved: fc.boolean() });

/** Each way to ask a cluster for something, with each thing to ask for. */
const questions: readonly ((cluster: Cluster) => unknown)[] = [
  ...namespaces.flatMap(namespace => [
    (cluster: Cluster) => cluster.namespace(namespace),
    ...names.flatMap(name => [
      (cluster: Cluster) => cluster.service(namespace, name),
      (cluster: Cluster) => [...cluster.slicesOf(namespace, name)],
      (cluster: Cluster) => cluster.serviceImport(namespace, name),
      (cluster: Cluster) => [...cluster.slicesOfImport(namespace, name)],
      (cluster: Cluster) => cluster.get("Service", `${namespace}/${name}`),
    ]),
  ]),
  ...addresses.flatMap(address => [
    (cluster: Cluster) => [...cluster.servicesAt(address)],
    (cluster: Cluster) => [...cluster.slicesAt(address)],
    (cluster: Cluster) => [...cluster.podsAt(address)],
    (cluster: Cluster) => [...cluster.servicesAtExternalAddress(address)],
  ]),
  cluster => [...cluster.objects("Service")],
  cluster => [...cluster.objects("Pod")],
];

test("whatever a change makes look different was read under a key of that change", () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 12 }), changes => {
      const store = new ClusterStore(error => assert.ifError(error));
      let changed: ReadonlySet<string> = new Set();
      store.onChange(change => {
        changed = changedKeys(change);
      });
      for (const { object, isRemoved } of changes) {
        const kind = object.kind as Kind;
        const before = questions.map(ask => ask(store));
        changed = new Set();
        const { namespace, name } = object.metadata;
        if (isRemoved) store.remove(kind, namespace === undefined ? name : `${namespace}/${name}`);
        else store.apply(trim(kind, object));
        for (const [index, ask] of questions.entries()) {
          const reads = new ClusterReads(store);
          const isSame = isEqual(ask(reads), before[index]);
          assert.ok(isSame || reads.keys.some(key => changed.has(key)), `${ask} after ${kind} ${name}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});

function isEqual(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

test("a change of one Service has no key of another one", () => {
  const store = new ClusterStore(error => assert.ifError(error));
  const keys: string[] = [];
  store.onChange(change => void keys.push(...changedKeys(change)));
  store.apply(trim("Service", fixtures.service("shop", "web", { clusterIPs: ["10.0.0.1"] })));
  const reads = new ClusterReads(store);
  reads.service("shop", "db");
  reads.namespace("shop");
  reads.slicesOf("shop", "web");
  reads.servicesAt("10.0.0.2");
  assert.deepEqual(
    reads.keys.filter(key => keys.includes(key)),
    [],
  );
});

test("a reader that meets a kind that is still loading is not settled", () => {
  const store = new ClusterStore(error => assert.ifError(error));
  store.markSynced("Service");
  const reads = new ClusterReads(store);
  reads.isSynced("Service");
  assert.ok(reads.isSettled);
  reads.isSynced("Pod");
  assert.ok(!reads.isSettled);
});
