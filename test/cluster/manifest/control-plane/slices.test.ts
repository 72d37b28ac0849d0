/** Endpoints as the controllers of Kubernetes would write them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { expandYaml } from "./expand-yaml.ts";

function service(spec: string, annotations = "{}"): string {
  return `---\napiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: ${annotations}}\nspec: {selector: {app: web}, ${spec}}\n`;
}

function selectorless(spec: string): string {
  return service(spec).replace("selector: {app: web}, ", "");
}

function pod(name: string, spec: string, status = "{}", label = "web"): string {
  return `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: ${label}}}\nspec: {${spec}}\nstatus: ${status}\n`;
}

const notReady = "{conditions: [{type: Ready, status: 'False'}]}";
const httpPort = (port: number, rest = "") =>
  `containers: [{ports: [{name: http, containerPort: ${port}${rest}}]}]`;

for (const [what, text, expected] of [
  ["targetPort absent", service("ports: [{port: 80}]") + pod("a", ""), ["IPv4 =80/TCP: a"]],
  [
    "a numeric targetPort",
    service("ports: [{port: 80, targetPort: 8080}]") + pod("a", ""),
    ["IPv4 =8080/TCP: a"],
  ],
  [
    "a named targetPort that differs between Pods",
    service("ports: [{name: h, port: 80, targetPort: http}]") +
      pod("a", httpPort(8080)) +
      pod("b", httpPort(9090)) +
      pod("c", httpPort(8080)),
    ["IPv4 h=8080/TCP: a c", "IPv4 h=9090/TCP: b"],
  ],
  [
    "a named targetPort that one Pod has for another protocol",
    service("ports: [{name: h, port: 80, targetPort: http}, {name: m, port: 81}]") +
      pod("a", httpPort(8080)) +
      pod("b", httpPort(8080, ", protocol: UDP")),
    ["IPv4 h=8080/TCP,m=81/TCP: a", "IPv4 m=81/TCP: b"],
  ],
  [
    "a named targetPort of a sidecar",
    service("ports: [{port: 80, targetPort: http}]") +
      pod("a", "initContainers: [{restartPolicy: Always, ports: [{name: http, containerPort: 7070}]}]"),
    ["IPv4 =7070/TCP: a"],
  ],
  [
    "several ports and protocols",
    service("ports: [{name: d, port: 53, protocol: UDP}, {name: t, port: 53}]") + pod("a", ""),
    ["IPv4 d=53/UDP,t=53/TCP: a"],
  ],
  [
    "a Pod that is not ready",
    service("ports: [{port: 80}]") + pod("a", "", notReady) + pod("b", ""),
    ["IPv4 =80/TCP: a! b"],
  ],
  [
    "publishNotReadyAddresses",
    service("publishNotReadyAddresses: true, ports: [{port: 80}]") + pod("a", "", notReady),
    ["IPv4 =80/TCP: a"],
  ],
  [
    "the old annotation for it",
    service("ports: [{port: 80}]", "{service.alpha.kubernetes.io/tolerate-unready-endpoints: 'true'}") +
      pod("a", "", notReady),
    ["IPv4 =80/TCP: a"],
  ],
  [
    "Pods that are over",
    service("ports: [{port: 80}]") +
      pod("a", "", "{phase: Succeeded, podIP: 10.0.0.1}") +
      pod("b", "", "{phase: Failed, podIP: 10.0.0.2}") +
      pod("c", ""),
    ["IPv4 =80/TCP: c"],
  ],
  [
    "Pods of other labels",
    service("ports: [{port: 80}]") + pod("a", "") + pod("b", "", "{}", "db"),
    ["IPv4 =80/TCP: a"],
  ],
  [
    "Pods of other namespaces",
    service("ports: [{port: 80}]") +
      pod("a", "") +
      pod("b", "").replace("name: b", "name: b, namespace: other"),
    ["IPv4 =80/TCP: a"],
  ],
  ["no Pods", service("ports: [{port: 80}]"), ["IPv4 : "]],
  [
    "both families",
    service("ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]") + pod("a", ""),
    ["IPv4 =80/TCP: a", "IPv6 =80/TCP: a"],
  ],
  [
    "both families and a Pod with IPv4 alone",
    service("ipFamilies: [IPv6, IPv4], ports: [{port: 80}]") + pod("a", "", "{podIP: 10.0.0.1}"),
    ["IPv4 =80/TCP: a", "IPv6 : "],
  ],
  ["a headless Service without ports", service("clusterIP: None") + pod("a", ""), ["IPv4 : a"]],
  [
    "a headless Service of both families",
    service("clusterIP: None, ipFamilyPolicy: RequireDualStack") + pod("a", ""),
    ["IPv4 : a", "IPv6 : a"],
  ],
  [
    "hostname and the Service's name as subdomain",
    service("clusterIP: None") +
      pod("a", "hostname: h, subdomain: web") +
      pod("b", "hostname: h, subdomain: x") +
      pod("c", "subdomain: web"),
    ["IPv4 : a(h) b c"],
  ],
  ["type ExternalName", service("type: ExternalName, externalName: example.com") + pod("a", ""), []],
  ["no selector", selectorless("ports: [{port: 80}]") + pod("a", ""), []],
] as const) {
  test(`a Service with ${what} has the slices ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(expandYaml(text).slicesOf("web"), expected);
  });
}

test("an endpoint knows its Pod, node and zone", () => {
  const node =
    "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1, labels: {topology.kubernetes.io/zone: z1}}\n";
  const cluster = expandYaml(service("ports: [{port: 80}]") + pod("a", "nodeName: n1", notReady) + node);
  assert.deepEqual(cluster.all("EndpointSlice")[0]?.endpoints, [
    {
      addresses: cluster.pod("a").podIPs.slice(0, 1),
      isReady: false,
      isServing: false,
      isTerminating: false,
      hostname: "",
      nodeName: "n1",
      zone: "z1",
      hints: undefined,
      targetRef: { kind: "Pod", namespace: "default", name: "a" },
    },
  ]);
});

test("a Pod that is being deleted still serves but is not ready", () => {
  const leaving = pod("a", "").replace("name: a", "name: a, deletionTimestamp: '2026-11-01T08:00:00Z'");
  const [slice] = expandYaml(service("ports: [{port: 80}]") + leaving).all("EndpointSlice");
  const conditions = slice?.endpoints.map(e => [e.isReady, e.isServing, e.isTerminating]);
  assert.deepEqual(conditions, [[false, true, true]]);
});

test("a slice keeps its name when endpoints come and go", () => {
  const names = (text: string) =>
    expandYaml(text)
      .all("EndpointSlice")
      .map(({ name }) => name);
  const one = service("ports: [{port: 80}]") + pod("a", "");
  assert.deepEqual(names(one), names(one + pod("b", "")));
});

const handWritten = `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: mine, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: h, port: 8080}]
endpoints: [{addresses: [10.9.0.1], hostname: x}, {addresses: [10.9.0.2], conditions: {ready: false}}]
`;

test("a hand-written slice serves a Service without a selector", () => {
  const cluster = expandYaml(selectorless("ports: [{name: h, port: 80}]") + handWritten);
  assert.deepEqual(cluster.slicesOf("web"), ["IPv4 h=8080/TCP: 10.9.0.1(x) 10.9.0.2!"]);
});

test("a hand-written slice is honoured beside the selector's", () => {
  const cluster = expandYaml(service("ports: [{name: h, port: 80}]") + pod("a", "") + handWritten);
  assert.deepEqual(cluster.slicesOf("web"), ["IPv4 h=80/TCP: a", "IPv4 h=8080/TCP: 10.9.0.1(x) 10.9.0.2!"]);
});

const endpoints = `---
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- addresses: [{ip: 10.9.0.1, hostname: x}, {ip: 'fd12::1'}]
  notReadyAddresses: [{ip: 10.9.0.2, targetRef: {kind: Pod, namespace: default, name: p}}]
  ports: [{name: h, port: 8080}]
- addresses: [{ip: 10.9.0.3}]
  ports: [{name: h, port: 9090, protocol: UDP}]
`;

test("hand-written Endpoints are mirrored by family and ports", () => {
  const cluster = expandYaml(selectorless("ports: [{name: h, port: 80}]") + endpoints);
  assert.deepEqual(cluster.slicesOf("web"), [
    "IPv4 h=8080/TCP: 10.9.0.1(x) p!",
    "IPv4 h=9090/UDP: 10.9.0.3",
    "IPv6 h=8080/TCP: fd12::1",
  ]);
  assert.match(cluster.all("EndpointSlice")[0]?.name ?? "", /^web-[a-z0-9]{5}$/);
});

test("Endpoints that ask not to be mirrored are not", () => {
  const skipped = endpoints.replace(
    "{name: web}",
    "{name: web, labels: {endpointslice.kubernetes.io/skip-mirror: 'true'}}",
  );
  assert.deepEqual(expandYaml(selectorless("ports: [{name: h, port: 80}]") + skipped).slicesOf("web"), []);
});
