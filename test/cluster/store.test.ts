import assert from "node:assert/strict";
import { test } from "node:test";
import type { Kind } from "../../src/cluster/objects.ts";
import { objectKey } from "../../src/cluster/objects.ts";
import type { Change } from "../../src/cluster/store.ts";
import { ClusterStore } from "../../src/cluster/store.ts";
import { trim } from "../../src/cluster/trim.ts";
import type { RawObject } from "../support/cluster-fixtures.ts";
import {
  endpointSlice,
  importedSlice,
  namespace,
  pod,
  service,
  serviceImport,
} from "../support/cluster-fixtures.ts";

function emptyStore(): ClusterStore {
  return new ClusterStore(error => {
    throw error;
  });
}

const web = trim("Service", service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }));
const slice = trim(
  "EndpointSlice",
  endpointSlice("shop", "web", { endpoints: ["10.244.1.1", "10.244.1.2"] }),
);

function names(objects: Iterable<{ readonly name: string }>): string[] {
  return Array.from(objects, object => object.name);
}

test("a service is found by name and by each of its addresses, and by the old ones no more after a change", () => {
  const store = emptyStore();
  store.apply(web);
  assert.equal(store.service("shop", "web"), web);
  assert.deepEqual(names(store.servicesAt("10.96.0.10")), ["web"]);
  store.apply({ ...web, clusterIPs: ["10.96.0.11", "fd00::1"] });
  assert.deepEqual(names(store.servicesAt("10.96.0.10")), []);
  assert.deepEqual(names(store.servicesAt("fd00::1")), ["web"]);
  store.remove("Service", "shop/web");
  assert.equal(store.service("shop", "web"), undefined);
  assert.deepEqual(names(store.servicesAt("fd00::1")), []);
});

test("several objects under one address are all found, and leave one by one", () => {
  const store = emptyStore();
  const pods = ["a", "b", "c"].map(name => trim("Pod", pod("shop", name, { podIPs: ["10.244.1.1"] })));
  for (const one of pods) store.apply(one);
  assert.deepEqual(names(store.podsAt("10.244.1.1")), ["a", "b", "c"]);
  store.remove("Pod", "shop/b");
  assert.deepEqual(names(store.podsAt("10.244.1.1")), ["a", "c"]);
  store.remove("Pod", "shop/a");
  assert.deepEqual(names(store.podsAt("10.244.1.1")), ["c"]);
  store.remove("Pod", "shop/c");
  assert.deepEqual(names(store.podsAt("10.244.1.1")), []);
});

test("slices are found by their service and by every address", () => {
  const store = emptyStore();
  store.apply(slice);
  assert.deepEqual(names(store.slicesOf("shop", "web")), ["web-x7k2p"]);
  assert.deepEqual(names(store.slicesAt("10.244.1.2")), ["web-x7k2p"]);
  assert.deepEqual(names(store.slicesOf("shop", "other")), []);
});

test("each change is heard once with what was before and after, the same version not at all", () => {
  const store = emptyStore();
  const heard: Change[] = [];
  const end = store.onChange(change => heard.push(change));
  const first = { ...web, resourceVersion: "1" };
  const second = { ...web, resourceVersion: "2" };
  store.apply(first);
  store.apply({ ...first });
  store.apply(second);
  store.remove("Service", "shop/web");
  store.remove("Service", "shop/web");
  end();
  store.apply(first);
  assert.deepEqual(
    heard.map(({ before, after }) => [before?.resourceVersion, after?.resourceVersion]),
    [
      [undefined, "1"],
      ["1", "2"],
      ["2", undefined],
    ],
  );
});

test("retain removes what a complete list does not name", () => {
  const store = emptyStore();
  for (const name of ["kept", "gone"]) store.apply(trim("Namespace", namespace(name)));
  store.apply(web);
  store.retain("Namespace", new Set(["kept"]));
  assert.deepEqual(names(store.objects("Namespace")), ["kept"]);
  assert.equal(store.service("shop", "web"), web);
});

test("a listener that throws is reported and keeps neither the others nor the source from going on", () => {
  const reported: unknown[] = [];
  const store = new ClusterStore(error => reported.push(error));
  const heard: string[] = [];
  store.onChange(() => {
    throw new Error("listener failed");
  });
  store.onChange(change => heard.push(change.kind));
  store.apply(web);
  assert.deepEqual(heard, ["Service"]);
  assert.equal(reported.length, 1);
});

test("becoming synced is heard once for each kind", () => {
  const store = emptyStore();
  const heard: string[] = [];
  store.onSynced(kind => heard.push(kind));
  assert.equal(store.isSynced("Service"), false);
  store.markSynced("Service");
  store.markSynced("Service");
  assert.equal(store.isSynced("Service"), true);
  assert.deepEqual(heard, ["Service"]);
});

const serialCases: readonly (readonly [what: string, change: object, moves: boolean])[] = [
  ["a label", { labels: { a: "b" } }, false],
  ["a node port", { ports: [{ ...web.ports[0], nodePort: 30001 }] }, false],
  ["a port number", { ports: [{ ...web.ports[0], port: 81 }] }, true],
  ["a cluster IP", { clusterIPs: ["10.96.0.99"] }, true],
  ["the external name", { externalName: "example.com" }, true],
];

for (const [what, change, moves] of serialCases) {
  test(`the serial ${moves ? "moves" : "stays"} when ${what} of a service changes`, () => {
    let nowMs = 1_000_000;
    const store = new ClusterStore(
      () => {},
      () => nowMs,
    );
    assert.equal(store.serial, 0);
    store.apply(web);
    assert.equal(store.serial, 1000);
    nowMs = 2_000_000;
    store.apply({ ...web, ...change } as typeof web);
    assert.equal(store.serial, moves ? 2000 : 1000);
  });
}

test("the serial stays when an endpoint that was not ready goes, and moves when a ready one does", () => {
  let nowMs = 1_000_000;
  const store = new ClusterStore(
    () => {},
    () => nowMs,
  );
  const [first, second] = slice.endpoints;
  assert.ok(first && second);
  store.apply({ ...slice, endpoints: [first, { ...second, isReady: false }] });
  nowMs = 2_000_000;
  store.apply({ ...slice, endpoints: [first] });
  assert.equal(store.serial, 1000);
  store.apply({ ...slice, endpoints: [] });
  assert.equal(store.serial, 2000);
});

test("a service is found by its external IPs and by its load balancer's, each address once", () => {
  const store = emptyStore();
  const fixture = {
    clusterIPs: ["10.96.0.10"],
    externalIPs: ["192.0.2.1"],
    loadBalancerIPs: ["192.0.2.1", "192.0.2.2"],
  };
  store.apply(trim("Service", service("shop", "web", { ...fixture, type: "LoadBalancer" })));
  assert.deepEqual(names(store.servicesAtExternalAddress("192.0.2.1")), ["web"]);
  assert.deepEqual(names(store.servicesAtExternalAddress("192.0.2.2")), ["web"]);
  store.remove("Service", "shop/web");
  assert.deepEqual(names(store.servicesAtExternalAddress("192.0.2.1")), []);
});

test("slices of a ServiceImport are found by it, and not by a Service of that name", () => {
  const store = emptyStore();
  store.apply(
    trim("ServiceImport", serviceImport("shop", "web", { ips: ["10.97.0.1"], ports: ["http 80"] })),
  );
  store.apply(trim("EndpointSlice", importedSlice("shop", "web", "east", { endpoints: ["10.2.0.1"] })));
  assert.deepEqual(store.serviceImport("shop", "web")?.ips, ["10.97.0.1"]);
  assert.deepEqual(names(store.slicesOfImport("shop", "web")), ["east-web"]);
  assert.deepEqual(names(store.slicesOf("shop", "web")), []);
});

const scopeCases: readonly (readonly [what: string, objects: readonly RawObject[], scopes: string])[] = [
  ["a ClusterIP Service", [service("shop", "web", { clusterIPs: ["10.96.0.10"] })], "internal"],
  [
    "a Service with an external IP",
    [service("shop", "web", { clusterIPs: ["10.96.0.10"], externalIPs: ["192.0.2.1"] })],
    "internal external",
  ],
  ["a headless Service", [service("shop", "web", { clusterIPs: ["None"] })], "internal external"],
  ["a ServiceImport", [serviceImport("shop", "web", { ips: ["10.97.0.1"] })], "multicluster"],
  [
    "a slice of a ServiceImport",
    [importedSlice("shop", "web", "east", { endpoints: ["10.2.0.1"] })],
    "multicluster",
  ],
];
for (const [what, objects, scopes] of scopeCases) {
  test(`${what} that comes moves the serial of ${scopes}, and again when it goes`, () => {
    let nowMs = 1_000_000;
    const store = new ClusterStore(
      error => {
        throw error;
      },
      () => nowMs,
    );
    const moved = () => {
      const all = ["internal", "external", "multicluster"] as const;
      return all.filter(scope => store.serialOf(scope) === nowMs / 1000).join(" ");
    };
    const trimmed = objects.map(raw => trim(raw.kind as Kind, raw));
    for (const object of trimmed) store.apply(object);
    assert.equal(moved(), scopes);
    nowMs += 1000;
    for (const object of trimmed) store.apply({ ...object, resourceVersion: "other" });
    assert.equal(moved(), "", "nothing that is answered has changed");
    for (const object of trimmed) store.remove(object.kind, objectKey(object));
    assert.equal(moved(), scopes);
  });
}
