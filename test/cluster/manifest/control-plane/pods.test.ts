import assert from "node:assert/strict";
import { test } from "node:test";
import { expandYaml } from "./expand-yaml.ts";

const podTemplate =
  "template: {metadata: {labels: {app: web}}, spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}}";

function workload(kind: string, spec: string, status = "{}"): string {
  const apiVersion = { Job: "batch/v1", ReplicationController: "v1" }[kind] ?? "apps/v1";
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\nspec: {${spec}${spec && ", "}${podTemplate}}\nstatus: ${status}\n`;
}

function pod(name: string, spec: string, status = "{}"): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: web}}\nspec: {${spec}}\nstatus: ${status}\n`;
}

const node = (name: string, ip: string) =>
  `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\nstatus: {addresses: [{type: Hostname, address: ${name}}, {type: InternalIP, address: ${ip}}]}\n`;
const threeNodes = ["a", "b", "c"].map((name, index) => node(name, `10.0.0.${index + 1}`));

const suffix = "[bcdfghjklmnpqrstvwxz2456789]";
for (const [kind, spec, count, pattern] of [
  ["Deployment", "", 1, `^web-${suffix}{10}-${suffix}{5}$`],
  ["Deployment", "replicas: 3", 3, `^web-${suffix}{10}-${suffix}{5}$`],
  ["Deployment", "replicas: 0", 0, ""],
  ["ReplicaSet", "replicas: 2", 2, `^web-${suffix}{5}$`],
  ["ReplicationController", "replicas: 2", 2, `^web-${suffix}{5}$`],
  ["Job", "", 1, `^web-${suffix}{5}$`],
  ["Job", "parallelism: 3, completions: 9", 3, `^web-${suffix}{5}$`],
  ["Job", "suspend: true", 0, ""],
  ["DaemonSet", "", 3, `^web-${suffix}{5}$`],
  ["StatefulSet", "replicas: 2", 2, "^web-[01]$"],
  ["StatefulSet", "replicas: 2, ordinals: {start: 5}", 2, "^web-[56]$"],
] as const) {
  test(`a ${kind} with {${spec}} on three nodes has ${count} Pods named as Kubernetes does`, () => {
    const names = expandYaml(workload(kind, spec), ...threeNodes).podNames();
    assert.equal(new Set(names).size, count);
    for (const name of names) assert.match(name, new RegExp(pattern));
  });
}

test("a Job that is over has no Pods", () => {
  const over = "{conditions: [{type: Complete, status: 'True'}]}";
  assert.deepEqual(expandYaml(workload("Job", "", over)).podNames(), []);
});

test("Pods of a long workload name fit into a DNS label", () => {
  const name = "a".repeat(63);
  const [pod = ""] = expandYaml(workload("ReplicaSet", "").replace("name: web", `name: ${name}`)).podNames();
  assert.equal(pod.length, 63);
});

test("scaling a Deployment and changing its template keep the Pods there are", () => {
  const small = expandYaml(workload("Deployment", "replicas: 2")).all("Pod");
  const changed = workload("Deployment", "replicas: 5").replace("8080", "9090");
  const large = expandYaml(changed).all("Pod");
  assert.equal(large.length, 5);
  for (const pod of small) {
    assert.deepEqual(large.find(({ name }) => name === pod.name)?.podIPs, pod.podIPs);
  }
});

test("Pods of a StatefulSet carry hostname, subdomain and the labels of their ordinal", () => {
  const web1 = expandYaml(workload("StatefulSet", "replicas: 2, serviceName: peers")).pod("web-1");
  assert.deepEqual([web1.hostname, web1.subdomain], ["web-1", "peers"]);
  assert.deepEqual(web1.labels, {
    app: "web",
    "statefulset.kubernetes.io/pod-name": "web-1",
    "apps.kubernetes.io/pod-index": "1",
  });
});

test("Pods of a Deployment take hostname, subdomain and ports from the template", () => {
  const text = workload("Deployment", "").replace(
    "spec: {containers",
    "spec: {hostname: h, subdomain: s, containers",
  );
  const [pod] = expandYaml(text).all("Pod");
  assert.deepEqual([pod?.hostname, pod?.subdomain], ["h", "s"]);
  assert.deepEqual(pod?.containerPorts, [{ name: "http", protocol: "TCP", port: 8080 }]);
});

test("a Pod has one address of each family, in the ranges for Pods", () => {
  const [v4 = "", v6 = "", ...more] = expandYaml(pod("p", "")).pod("p").podIPs;
  assert.match(v4, /^127\.(12[89]|1[3-8]\d|19[01])\.\d+\.\d+$/);
  assert.match(v6, /^fd00:f0d0:6b00:3::/);
  assert.deepEqual(more, []);
});

for (const [what, spec, status, expected] of [
  ["with an address in its status", "", "{podIP: 10.1.2.3}", ["10.1.2.3"]],
  [
    "with two addresses",
    "",
    "{podIP: 10.1.2.3, podIPs: [{ip: 10.1.2.3}, {ip: 'fd12::3'}]}",
    ["10.1.2.3", "fd12::3"],
  ],
  ["on the host network of a node", "hostNetwork: true, nodeName: b", "{}", ["10.0.0.2"]],
  ["on the host network of an unknown node", "hostNetwork: true, nodeName: x", "{}", ["127.0.0.1"]],
  ["that waits for a node", "", "{phase: Pending}", []],
  ["that is over", "", "{phase: Succeeded}", []],
] as const) {
  test(`a Pod ${what} has ${expected.join(" and ") || "no address"}`, () => {
    assert.deepEqual(expandYaml(pod("p", spec, status), ...threeNodes).pod("p").podIPs, expected);
  });
}

for (const [kind, spec, status, ready] of [
  ["Deployment", "replicas: 3", "{}", 3],
  ["Deployment", "replicas: 3", "{replicas: 3, readyReplicas: 2}", 2],
  ["Deployment", "replicas: 3", "{replicas: 3, unavailableReplicas: 3}", 0],
  ["StatefulSet", "replicas: 3", "{replicas: 0, availableReplicas: 0}", 3],
  ["StatefulSet", "replicas: 3", "{readyReplicas: 1}", 1],
  ["ReplicaSet", "replicas: 3", "{readyReplicas: 0}", 0],
  ["ReplicationController", "replicas: 3", "{readyReplicas: 1}", 1],
  ["DaemonSet", "", "{numberReady: 2, desiredNumberScheduled: 3}", 2],
  ["DaemonSet", "", "{numberReady: 0, desiredNumberScheduled: 0}", 3],
] as const) {
  test(`of a ${kind} with status ${status} ${ready} of 3 Pods are ready`, () => {
    const pods = expandYaml(workload(kind, spec, status), ...threeNodes).all("Pod");
    assert.deepEqual([pods.length, pods.filter(pod => pod.isReady).length], [3, ready]);
  });
}

test("the Pods of a StatefulSet that are ready are the first ones", () => {
  const cluster = expandYaml(workload("StatefulSet", "replicas: 3", "{readyReplicas: 1}"));
  assert.deepEqual(
    cluster.all("Pod").map(({ name, isReady }) => [name, isReady]),
    [
      ["web-0", true],
      ["web-1", false],
      ["web-2", false],
    ],
  );
});

for (const [status, ready] of [
  ["{}", true],
  ["{conditions: [{type: Initialized, status: 'False'}]}", true],
  ["{conditions: [{type: Ready, status: 'True'}]}", true],
  ["{conditions: [{type: Ready, status: 'False'}]}", false],
  ["{conditions: [{type: Ready, status: Unknown}]}", false],
] as const) {
  test(`a bare Pod with status ${status} is ${ready ? "" : "not "}ready`, () => {
    assert.equal(expandYaml(pod("p", "", status)).pod("p").isReady, ready);
  });
}

test("without Node manifests there is one node at 127.0.0.1, and every Pod is on it", () => {
  const cluster = expandYaml(workload("Deployment", "replicas: 2"));
  assert.deepEqual(
    cluster.all("Node").map(({ name, internalIPs }) => [name, internalIPs]),
    [["node-1", ["127.0.0.1"]]],
  );
  assert.ok(cluster.all("Pod").every(({ nodeName }) => nodeName === "node-1"));
});

test("a node without addresses is this machine", () => {
  const [found] = expandYaml("{apiVersion: v1, kind: Node, metadata: {name: bare}}").all("Node");
  assert.deepEqual(found?.internalIPs, ["127.0.0.1"]);
});

test("Pods of a workload go round the nodes", () => {
  const pods = expandYaml(workload("Deployment", "replicas: 6"), ...threeNodes).all("Pod");
  const perNode = Map.groupBy(pods, ({ nodeName }) => nodeName);
  assert.deepEqual([...perNode].map(([name, group]) => [name, group.length]).sort(), [
    ["a", 2],
    ["b", 2],
    ["c", 2],
  ]);
});

test("spec.nodeName puts all Pods of a workload on that node", () => {
  const text = workload("Deployment", "replicas: 3").replace(
    "spec: {containers",
    "spec: {nodeName: b, containers",
  );
  const pods = expandYaml(text, ...threeNodes).all("Pod");
  assert.deepEqual(
    pods.map(({ nodeName }) => nodeName),
    ["b", "b", "b"],
  );
});

test("a DaemonSet has one Pod on every node", () => {
  const pods = expandYaml(workload("DaemonSet", ""), ...threeNodes).all("Pod");
  assert.deepEqual(pods.map(({ nodeName }) => nodeName).sort(), ["a", "b", "c"]);
});

test("a Pod that is written down takes the place of the StatefulSet's of the same name", () => {
  const cluster = expandYaml(workload("StatefulSet", "replicas: 2"), pod("web-1", "", "{podIP: 10.9.9.9}"));
  assert.deepEqual(cluster.podNames(), ["web-0", "web-1"]);
  assert.deepEqual(cluster.pod("web-1").podIPs, ["10.9.9.9"]);
});
