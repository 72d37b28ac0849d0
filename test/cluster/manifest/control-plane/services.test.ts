import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../../../src/cluster/objects.ts";
import { familyOf } from "../../../../src/cluster/objects.ts";
import { describeFindings, expandAgain, expandYaml, withoutHints } from "./expand-yaml.ts";

function service(name: string, spec: string, status = "{}"): string {
  return `---\napiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{port: 80}], ${spec}}\nstatus: ${status}\n`;
}

/** What pools an address can come from, by its beginning. */
function originOf(address: string): string {
  const [first, second = ""] = address.split(".");
  const range = Number(second) >> 4;
  if (first === "127" && range === 6) return "service v4";
  if (first === "127" && range === 7) return "balancer v4";
  if (address.startsWith("fd00:f0d0:6b00:1::")) return "service v6";
  if (address.startsWith("fd00:f0d0:6b00:2::")) return "balancer v6";
  return address;
}

const clusterIPs = (of: Service) => of.clusterIPs.map(originOf);
const ingress = (of: Service) => of.loadBalancerIngress.map(({ ip, hostname }) => originOf(ip) || hostname);

for (const [what, spec, expected] of [
  ["without anything", "", ["service v4"]],
  ["with clusterIP empty", 'clusterIP: ""', ["service v4"]],
  ["with an explicit address", "clusterIP: 10.96.0.10", ["10.96.0.10"]],
  ["with an explicit IPv6 address", "clusterIP: 'fd12::a'", ["fd12::a"]],
  ["with two explicit addresses", "clusterIPs: ['fd12::a', 10.96.0.10]", ["fd12::a", "10.96.0.10"]],
  ["headless", "clusterIP: None", []],
  ["of type ExternalName", "type: ExternalName, externalName: db.example.com", []],
  ["with IPv6 alone", "ipFamilies: [IPv6]", ["service v6"]],
  ["with both families", "ipFamilies: [IPv6, IPv4]", ["service v6", "service v4"]],
  ["that prefers dual stack", "ipFamilyPolicy: PreferDualStack", ["service v4", "service v6"]],
  [
    "that requires dual stack, IPv6 first",
    "ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv6]",
    ["service v6", "service v4"],
  ],
  [
    "dual stack with one explicit address",
    "ipFamilyPolicy: PreferDualStack, clusterIP: 10.96.0.10",
    ["10.96.0.10", "service v6"],
  ],
] as const) {
  test(`a Service ${what} gets the cluster IPs of its families`, () => {
    const found = expandYaml(service("web", spec)).service("web");
    assert.deepEqual(clusterIPs(found), expected);
    const families = found.clusterIPs.map(familyOf);
    if (families.length > 0) assert.deepEqual(found.ipFamilies, families);
  });
}

test("cluster IPs differ by namespace and are the same in every run", () => {
  const other = service("web", "").replace("{name: web}", "{name: web, namespace: other}");
  const [first, second] = expandYaml(service("web", ""), other).all("Service");
  assert.notDeepEqual(first?.clusterIPs, second?.clusterIPs);
  // Written out: a release that moved every address would break people's notes and hosts files.
  assert.deepEqual(first?.clusterIPs, ["127.98.52.117"]);
});

test("the same explicit cluster IP twice stays with the first and the other is told", () => {
  const cluster = expandYaml(service("b", "clusterIP: 10.96.0.10"), service("a", "clusterIP: 10.96.0.10"));
  assert.deepEqual(clusterIPs(cluster.service("b")), ["10.96.0.10"]);
  assert.deepEqual(clusterIPs(cluster.service("a")), ["service v4"]);
  assert.deepEqual(describeFindings(withoutHints(cluster.findings)), [
    "MANIFEST_DUPLICATE_CLUSTER_IP 2.yaml:5:40 Service default/a: cluster IP 10.96.0.10 belongs to Service default/b at 1.yaml:5:40; this one gets another",
  ]);
});

test("an address that a manifest names is invented for nobody", () => {
  const [taken = ""] = expandYaml(service("web", "")).service("web").clusterIPs;
  const cluster = expandYaml(service("web", ""), service("other", `clusterIP: ${taken}`));
  assert.deepEqual(cluster.service("other").clusterIPs, [taken]);
  assert.notDeepEqual(cluster.service("web").clusterIPs, [taken]);
});

for (const [what, spec, status, expected] of [
  ["without an address", "type: LoadBalancer", "{}", ["balancer v4"]],
  [
    "of both families",
    "type: LoadBalancer, ipFamilyPolicy: PreferDualStack",
    "{}",
    ["balancer v4", "balancer v6"],
  ],
  ["with loadBalancerIP", "type: LoadBalancer, loadBalancerIP: 192.0.2.7", "{}", ["192.0.2.7"]],
  [
    "with an ingress in its status",
    "type: LoadBalancer, loadBalancerIP: 192.0.2.7",
    "{loadBalancer: {ingress: [{ip: 192.0.2.9}, {hostname: lb.example.com}]}}",
    ["192.0.2.9", "lb.example.com"],
  ],
  ["that is none", "type: NodePort", "{}", []],
] as const) {
  test(`a load balancer ${what} has the right ingress`, () => {
    assert.deepEqual(ingress(expandYaml(service("web", spec, status)).service("web")), expected);
  });
}

test("external IPs stay as they are", () => {
  const found = expandYaml(service("web", "externalIPs: [192.0.2.1, 192.0.2.2]")).service("web");
  assert.deepEqual(found.externalIPs, ["192.0.2.1", "192.0.2.2"]);
});

for (const [what, spec, hasNodePort] of [
  ["NodePort", "type: NodePort", true],
  ["LoadBalancer", "type: LoadBalancer", true],
  ["LoadBalancer that wants none", "type: LoadBalancer, allocateLoadBalancerNodePorts: false", false],
  ["ClusterIP", "type: ClusterIP", false],
] as const) {
  test(`a Service of type ${what} ${hasNodePort ? "gets" : "has no"} node port`, () => {
    const [port] = expandYaml(service("web", spec)).service("web").ports;
    const nodePort = port?.nodePort ?? -1;
    assert.equal(nodePort !== 0, hasNodePort);
    if (hasNodePort) assert.ok(nodePort >= 30000 && nodePort <= 32767, String(nodePort));
  });
}

test("an explicit node port is kept even where balancers get none, and pushes an invented one away", () => {
  const first = expandYaml(service("web", "type: NodePort"));
  const taken = first.service("web").ports[0]?.nodePort;
  const explicit = service("other", "type: LoadBalancer, allocateLoadBalancerNodePorts: false").replace(
    "port: 80",
    `port: 80, nodePort: ${taken}`,
  );
  const cluster = expandAgain(first.leases, service("web", "type: NodePort"), explicit);
  assert.equal(cluster.service("other").ports[0]?.nodePort, taken);
  assert.notEqual(cluster.service("web").ports[0]?.nodePort, taken);
});

test("a node port asked for twice stays with the first and both places are told", () => {
  const nodePort = (name: string, protocol: string) =>
    service(name, "type: NodePort").replace("port: 80", `port: 80, protocol: ${protocol}, nodePort: 30080`);
  const cluster = expandYaml(nodePort("b", "TCP"), nodePort("a", "TCP"), nodePort("c", "UDP"));
  assert.equal(cluster.service("b").ports[0]?.nodePort, 30080);
  assert.equal(cluster.service("c").ports[0]?.nodePort, 30080);
  assert.notEqual(cluster.service("a").ports[0]?.nodePort, 30080);
  assert.deepEqual(describeFindings(withoutHints(cluster.findings)), [
    "MANIFEST_DUPLICATE_NODE_PORT 2.yaml:5:52 Service default/a: node port 30080/TCP belongs to Service default/b at 1.yaml:5:52; this one gets another",
  ]);
});

test("when all node ports are taken the rest get none and are told", () => {
  const ports = Array.from({ length: 2769 }, (_, index) => `{name: p${index}, port: ${index + 1}}`);
  const cluster = expandYaml(service("web", "type: NodePort").replace("{port: 80}", ports.join(", ")));
  const given = cluster.service("web").ports.map(({ nodePort }) => nodePort);
  assert.equal(new Set(given).size, 2769);
  assert.equal(given.filter(nodePort => nodePort === 0).length, 1);
  assert.deepEqual(
    withoutHints(cluster.findings).map(({ code }) => code),
    ["MANIFEST_POOL_EXHAUSTED"],
  );
});

test("the namespaces of every cluster, those declared and those in use exist", () => {
  const used = service("web", "").replace("{name: web}", "{name: web, namespace: used}");
  const declared = "{apiVersion: v1, kind: Namespace, metadata: {name: declared}}";
  const names = expandYaml(used, declared)
    .all("Namespace")
    .map(({ name }) => name);
  assert.deepEqual(names, ["declared", "default", "kube-node-lease", "kube-public", "kube-system", "used"]);
});

test("the same object twice is used as written last, and both places are told", () => {
  const cluster = expandYaml(service("web", "clusterIP: 10.0.0.1"), service("web", "clusterIP: 10.0.0.2"));
  assert.deepEqual(cluster.service("web").clusterIPs, ["10.0.0.2"]);
  assert.deepEqual(describeFindings(withoutHints(cluster.findings)), [
    "MANIFEST_DUPLICATE_OBJECT 2.yaml:2:1 Service default/web is written twice; this one is used, not the one at 1.yaml:2:1",
  ]);
});

test("kinds of no use are one line in all", () => {
  const skipped = (kind: string) => `{apiVersion: v1, kind: ${kind}, metadata: {name: a}}`;
  const cluster = expandYaml([skipped("Secret"), skipped("ConfigMap")].join("\n---\n"), skipped("ConfigMap"));
  assert.deepEqual(
    cluster.findings.map(({ message }) => message),
    ["skipped 3 objects of kinds this needs nothing of: ConfigMap 2, Secret 1"],
  );
});
