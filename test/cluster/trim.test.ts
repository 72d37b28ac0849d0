/** Defaults of the API (Kubernetes API reference, v1 and discovery.k8s.io/v1) are applied at the border. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "../../src/cluster/objects.ts";
import { trim } from "../../src/cluster/trim.ts";

const metadata = { name: "web", namespace: "shop" };

function endpointOf(endpoint: object): Endpoint | undefined {
  const raw = { metadata, addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"], ...endpoint }] };
  return trim("EndpointSlice", raw).endpoints[0];
}

const conditionCases: readonly (readonly [what: string, conditions: object | undefined, expected: string])[] =
  [
    ["no conditions", undefined, "ready serving"],
    ["empty conditions", {}, "ready serving"],
    ["null conditions", { ready: null, serving: null, terminating: null }, "ready serving"],
    ["not ready", { ready: false }, "serving"],
    ["terminating but serving", { ready: false, serving: true, terminating: true }, "serving terminating"],
    ["terminating for good", { ready: false, serving: false, terminating: true }, "terminating"],
  ];

for (const [what, conditions, expected] of conditionCases) {
  test(`an endpoint with ${what} is ${expected}`, () => {
    const endpoint = endpointOf(conditions === undefined ? {} : { conditions });
    const words = [
      endpoint?.isReady && "ready",
      endpoint?.isServing && "serving",
      endpoint?.isTerminating && "terminating",
    ];
    assert.equal(words.filter(word => typeof word === "string").join(" "), expected);
  });
}

test("a slice without endpoints, ports and labels is an empty slice of no service", () => {
  const slice = trim("EndpointSlice", { metadata, addressType: "IPv4", endpoints: null, ports: null });
  assert.deepEqual([slice.endpoints, slice.ports, slice.serviceName], [[], [], ""]);
});

test("the time that triggered a slice's change is read to the millisecond, and nonsense is none", () => {
  const sliceOf = (time: string) => {
    const annotations = { "endpoints.kubernetes.io/last-change-trigger-time": time };
    return trim("EndpointSlice", { metadata: { ...metadata, annotations }, addressType: "IPv4" });
  };
  assert.equal(
    sliceOf("2026-11-01T08:00:00.123456789Z").changeTriggeredAtMs,
    Date.UTC(2026, 10, 1, 8, 0, 0, 123),
  );
  assert.equal(sliceOf("yesterday").changeTriggeredAtMs, undefined);
});

test("a service port defaults to TCP, to its own number behind it and to no node port", () => {
  const service = trim("Service", { metadata, spec: { clusterIP: "10.96.0.1", ports: [{ port: 80 }] } });
  assert.deepEqual(service.ports, [{ name: "", protocol: "TCP", port: 80, targetPort: 80, nodePort: 0 }]);
  assert.deepEqual([service.type, service.clusterIPs], ["ClusterIP", ["10.96.0.1"]]);
  assert.equal(service.affinityTimeoutSeconds, undefined);
});

for (const spec of [{ clusterIP: "None" }, { clusterIPs: ["None"] }]) {
  test(`a service with ${JSON.stringify(spec)} is headless and has no address`, () => {
    const service = trim("Service", { metadata, spec });
    assert.deepEqual([service.isHeadless, service.clusterIPs], [true, []]);
  });
}

test("an ExternalName has neither addresses nor headlessness, whatever its clusterIP says", () => {
  const spec = { type: "ExternalName", externalName: "example.com", clusterIP: "None" };
  const service = trim("Service", { metadata, spec });
  assert.deepEqual(
    [service.isHeadless, service.clusterIPs, service.externalName],
    [false, [], "example.com"],
  );
});

test("unready addresses are published by the field and by the old annotation", () => {
  const annotations = { "service.alpha.kubernetes.io/tolerate-unready-endpoints": "true" };
  const publishes = (raw: object) => trim("Service", { metadata, spec: {}, ...raw }).publishNotReadyAddresses;
  assert.equal(publishes({}), false);
  assert.equal(publishes({ spec: { publishNotReadyAddresses: true } }), true);
  assert.equal(publishes({ metadata: { ...metadata, annotations } }), true);
});

test("session affinity lasts three hours unless it says otherwise", () => {
  const affinityOf = (more: object) =>
    trim("Service", { metadata, spec: { sessionAffinity: "ClientIP", ...more } }).affinityTimeoutSeconds;
  assert.equal(affinityOf({}), 10800);
  assert.equal(affinityOf({ sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } }), 5);
});

test("a service keeps its UID if it is a load balancer", () => {
  const uidOf = (type: string) =>
    trim("Service", { metadata: { ...metadata, uid: "1-2" }, spec: { type } }).uid;
  assert.deepEqual([uidOf("LoadBalancer"), uidOf("ClusterIP")], ["1-2", ""]);
  assert.equal(trim("Service", { metadata, spec: { type: "LoadBalancer" } }).uid, "");
});

test("an empty selector is no selector", () => {
  assert.equal(trim("Service", { metadata, spec: { selector: {} } }).selector, undefined);
});

test("a Pod's one address counts where the list is missing, and sidecars' ports count as containers' do", () => {
  const pod = trim("Pod", {
    metadata,
    spec: {
      containers: [{ ports: [{ name: "http", containerPort: 8080 }] }, {}],
      initContainers: [
        { ports: [{ containerPort: 1 }] },
        { restartPolicy: "Always", ports: [{ containerPort: 15001, protocol: "UDP" }] },
      ],
    },
    status: { podIP: "10.0.0.1", conditions: [{ type: "Ready", status: "False" }] },
  });
  assert.deepEqual(pod.podIPs, ["10.0.0.1"]);
  assert.deepEqual(
    pod.containerPorts.map(({ name, port, protocol }) => [name, port, protocol]),
    [
      ["http", 8080, "TCP"],
      ["", 15001, "UDP"],
    ],
  );
  assert.deepEqual([pod.isReady, pod.phase], [false, "Pending"]);
});

test("a service's policies default to Cluster, and it has no source ranges and no health check port", () => {
  const { internalTrafficPolicy, externalTrafficPolicy, loadBalancerSourceRanges, healthCheckNodePort } =
    trim("Service", { metadata, spec: { externalTrafficPolicy: "" } });
  assert.deepEqual(
    [internalTrafficPolicy, externalTrafficPolicy, loadBalancerSourceRanges, healthCheckNodePort],
    ["Cluster", "Cluster", [], 0],
  );
});

test("a service keeps its policies, source ranges, health check port and the mode of its balancer's addresses", () => {
  const kept = {
    internalTrafficPolicy: "Local",
    externalTrafficPolicy: "Local",
    loadBalancerSourceRanges: [" 10.0.0.0/8"],
    healthCheckNodePort: 32000,
  } as const;
  const ingress = [{ ip: "198.51.100.7" }, { ip: "198.51.100.8", ipMode: "Proxy" }];
  const service = trim("Service", { metadata, spec: kept, status: { loadBalancer: { ingress } } });
  assert.deepEqual({ ...service, ...kept }, service);
  assert.deepEqual(
    service.loadBalancerIngress.map(({ ipMode }) => ipMode),
    ["VIP", "Proxy"],
  );
});

test("a service keeps what it asks of load balancers, when it was made, and who wrote its balancer's addresses", () => {
  const spec = { loadBalancerIP: "192.0.2.7", loadBalancerClass: "example.com/pool" };
  const managedFields = [
    { manager: "kubectl", fieldsV1: { "f:spec": { "f:type": {} } } },
    {
      manager: "cloud",
      subresource: "status",
      fieldsV1: { "f:status": { "f:loadBalancer": { "f:ingress": {} } } },
    },
  ];
  const raw = { metadata: { ...metadata, creationTimestamp: "2026-11-01T08:00:00Z", managedFields }, spec };
  const withIngress = { ...raw, status: { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } } };
  const { createdAtSeconds, loadBalancerWriter, ...kept } = trim("Service", withIngress);
  assert.deepEqual({ ...kept, ...spec }, kept);
  assert.deepEqual([createdAtSeconds, loadBalancerWriter], [Date.UTC(2026, 10, 1, 8) / 1000, "cloud"]);
  assert.equal(trim("Service", raw).loadBalancerWriter, "");
  const bare = trim("Service", { metadata, spec: {} });
  assert.deepEqual(
    [bare.loadBalancerIP, bare.loadBalancerClass, bare.createdAtSeconds, bare.loadBalancerWriter],
    ["", "", 0, ""],
  );
});

for (const [what, hints, expected] of [
  ["no hints", undefined, undefined],
  ["null hints", null, undefined],
  ["empty hints", { forZones: [], forNodes: null }, undefined],
  ["zone hints", { forZones: [{ name: "a" }, { name: "b" }] }, { zones: ["a", "b"], nodes: [] }],
  [
    "hints of both kinds",
    { forZones: [{ name: "a" }], forNodes: [{ name: "n1" }] },
    { zones: ["a"], nodes: ["n1"] },
  ],
] as const) {
  test(`an endpoint with ${what} is meant for ${JSON.stringify(expected) ?? "everybody"}`, () => {
    assert.deepEqual(endpointOf({ hints })?.hints, expected);
  });
}

test("an endpoint keeps the name of its node", () => {
  assert.deepEqual([endpointOf({ nodeName: "n1" })?.nodeName, endpointOf({})?.nodeName], ["n1", ""]);
});

test("a slice is headless by its label, whatever the label says", () => {
  const sliceWith = (labels: Record<string, string>) =>
    trim("EndpointSlice", { metadata: { ...metadata, labels }, addressType: "IPv4" }).isHeadless;
  assert.deepEqual([sliceWith({ "service.kubernetes.io/headless": "" }), sliceWith({})], [true, false]);
});

test("a Node keeps labels, Pod networks, keys of taints and that it is being deleted", () => {
  const labels = { "topology.kubernetes.io/zone": "zone-a" };
  const spec = {
    podCIDR: "10.244.1.0/24",
    podCIDRs: ["10.244.1.0/24", "fd00:244:1::/64"],
    taints: [{ key: "ToBeDeletedByClusterAutoscaler", effect: "NoSchedule" }],
  };
  const node = trim("Node", {
    metadata: { name: "n1", labels, deletionTimestamp: "2026-11-01T08:00:00Z" },
    spec,
  });
  assert.deepEqual(node, {
    kind: "Node",
    name: "n1",
    resourceVersion: "",
    labels,
    internalIPs: [],
    externalIPs: [],
    podCIDRs: spec.podCIDRs,
    taintKeys: ["ToBeDeletedByClusterAutoscaler"],
    isTerminating: true,
  });
});

test("a Node with one Pod network in the old field has it", () => {
  const nodeWith = (spec: object) => trim("Node", { metadata: { name: "n1" }, spec }).podCIDRs;
  assert.deepEqual(nodeWith({ podCIDR: "10.244.1.0/24" }), ["10.244.1.0/24"]);
  assert.deepEqual(nodeWith({}), []);
});

test("a ServiceCIDR keeps its networks", () => {
  const cidrs = ["10.96.0.0/12", "fd00:96::/112"];
  const named = { metadata: { name: "kubernetes", resourceVersion: "7" } };
  const expected = { kind: "ServiceCIDR", name: "kubernetes", resourceVersion: "7", cidrs };
  assert.deepEqual(trim("ServiceCIDR", { ...named, spec: { cidrs } }), expected);
  assert.deepEqual(trim("ServiceCIDR", named).cidrs, []);
});

test("a Node keeps its internal and external addresses apart, and nothing else", () => {
  const addresses = [
    { type: "InternalIP", address: "192.0.2.1" },
    { type: "Hostname", address: "node-1" },
    { type: "InternalIP", address: "2001:db8::1" },
    { type: "ExternalIP", address: "203.0.113.1" },
  ];
  const node = trim("Node", { metadata: { name: "node-1" }, status: { addresses } });
  assert.deepEqual(node.internalIPs, ["192.0.2.1", "2001:db8::1"]);
  assert.deepEqual(node.externalIPs, ["203.0.113.1"]);
});
