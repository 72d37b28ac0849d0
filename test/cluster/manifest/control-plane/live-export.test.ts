/** `kubectl get deploy,rs,po,svc,ep,endpointslices -o yaml` of a live cluster gives the same picture, without doubles. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { expandYaml } from "./expand-yaml.ts";

const template = "template: {metadata: {labels: {app: web}}, spec: {containers: []}}";
const ownedBy = (kind: string, name: string) =>
  `ownerReferences: [{apiVersion: apps/v1, kind: ${kind}, name: ${name}, controller: true}]`;

const deployment = `
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: shop}
  spec: {replicas: 2, ${template}}
  status: {replicas: 2, readyReplicas: 1}`;
const replicaSets = `
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata: {name: web-7d4b9c, namespace: shop, ${ownedBy("Deployment", "web")}}
  spec: {replicas: 2, ${template}}
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata: {name: web-5c8f6d, namespace: shop, ${ownedBy("Deployment", "web")}}
  spec: {replicas: 0, ${template}}`;
const pod = (name: string, ip: string, ready: string) => `
- apiVersion: v1
  kind: Pod
  metadata:
    name: web-7d4b9c-${name}
    namespace: shop
    labels: {app: web, pod-template-hash: 7d4b9c}
    ${ownedBy("ReplicaSet", "web-7d4b9c")}
  spec: {nodeName: kind-worker}
  status: {phase: Running, podIP: ${ip}, podIPs: [{ip: ${ip}}], conditions: [{type: Ready, status: '${ready}'}]}`;
const pods = pod("aaaaa", "10.244.1.5", "True") + pod("bbbbb", "10.244.1.6", "False");
const service = `
- apiVersion: v1
  kind: Service
  metadata: {name: web, namespace: shop}
  spec:
    type: ClusterIP
    clusterIP: 10.96.7.7
    clusterIPs: [10.96.7.7]
    ipFamilies: [IPv4]
    ipFamilyPolicy: SingleStack
    selector: {app: web}
    ports: [{port: 80, protocol: TCP, targetPort: 8080}]
  status: {loadBalancer: {}}`;
const computed = `
- apiVersion: v1
  kind: Endpoints
  metadata: {name: web, namespace: shop}
  subsets: [{addresses: [{ip: 10.244.1.5}], notReadyAddresses: [{ip: 10.244.1.6}], ports: [{port: 8080}]}]
- apiVersion: discovery.k8s.io/v1
  kind: EndpointSlice
  metadata:
    name: web-x7k2p
    namespace: shop
    labels: {kubernetes.io/service-name: web, endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}
  addressType: IPv4
  endpoints: [{addresses: [10.244.1.5]}, {addresses: [10.244.1.6], conditions: {ready: false}}]
  ports: [{name: "", port: 8080, protocol: TCP}]`;

const list = (...items: string[]) => `apiVersion: v1\nkind: List\nitems:${items.join("")}\n`;
const realPods = ["web-7d4b9c-aaaaa", "web-7d4b9c-bbbbb"];

test("a whole export has the real Pods, addresses and endpoints once", () => {
  const cluster = expandYaml(list(deployment, replicaSets, pods, service, computed));
  assert.deepEqual(cluster.podNames(), realPods);
  assert.deepEqual(cluster.service("web").clusterIPs, ["10.96.7.7"]);
  assert.deepEqual(cluster.slicesOf("web"), ["IPv4 =8080/TCP: web-7d4b9c-aaaaa web-7d4b9c-bbbbb!"]);
  assert.deepEqual(cluster.all("EndpointSlice")[0]?.endpoints[0]?.addresses, ["10.244.1.5"]);
});

test("computed endpoints are ignored with one note", () => {
  const cluster = expandYaml(list(deployment, replicaSets, pods, service, computed));
  assert.deepEqual(
    cluster.findings.map(({ code, severity }) => [code, severity]),
    [["MANIFEST_COMPUTED_ENDPOINTS_IGNORED", "note"]],
  );
});

for (const [what, items, expected] of [
  ["Deployment and Pods without the ReplicaSet between them", [deployment, pods], realPods],
  ["ReplicaSets and Pods without their Deployment", [replicaSets, pods], realPods],
  ["Pods alone", [pods], realPods],
] as const) {
  test(`${what} leave the real Pods alone`, () => {
    assert.deepEqual(expandYaml(list(...items, service)).podNames(), expected);
  });
}

test("Deployment and ReplicaSets without Pods are expanded once, as the Deployment", () => {
  const cluster = expandYaml(list(deployment, replicaSets, service));
  assert.equal(cluster.podNames().length, 2);
  assert.deepEqual(
    cluster
      .all("Pod")
      .map(({ isReady }) => isReady)
      .sort(),
    [false, true],
  );
});

test("a Job whose CronJob is not read is expanded, one with Pods is not", () => {
  const job = `
- apiVersion: batch/v1
  kind: Job
  metadata: {name: tidy-1, namespace: shop, ${ownedBy("CronJob", "tidy")}}
  spec: {${template}}`;
  const jobPod = pod("x", "10.244.1.9", "True").replace(/ReplicaSet, name: web-7d4b9c/, "Job, name: tidy-1");
  assert.match(expandYaml(list(job)).podNames().join(), /^tidy-1-\w{5}$/);
  assert.deepEqual(expandYaml(list(job, jobPod)).podNames(), ["web-7d4b9c-x"]);
});

test("workloads that own each other do not hang the expansion", () => {
  const turn = (name: string, owner: string) => `
- apiVersion: apps/v1
  kind: ReplicaSet
  metadata: {name: ${name}, ${ownedBy("ReplicaSet", owner)}}
  spec: {${template}}`;
  assert.deepEqual(expandYaml(list(turn("a", "b"), turn("b", "a"))).podNames(), []);
});

const byHand = service.replace("    selector: {app: web}\n", "");
const mirroredSlice = computed
  .slice(computed.indexOf("\n- apiVersion: discovery"))
  .replace("endpointslice-controller", "endpointslicemirroring-controller");
const handWrittenEndpoints = computed.slice(0, computed.indexOf("\n- apiVersion: discovery"));

for (const [what, items] of [
  ["Endpoints with their mirror", [handWrittenEndpoints, mirroredSlice]],
  ["Endpoints without their mirror", [handWrittenEndpoints]],
  ["the mirror without its Endpoints", [mirroredSlice]],
] as const) {
  test(`${what} give a Service without a selector its endpoints once`, () => {
    assert.deepEqual(expandYaml(list(byHand, ...items)).slicesOf("web"), [
      "IPv4 =8080/TCP: 10.244.1.5 10.244.1.6!",
    ]);
  });
}
