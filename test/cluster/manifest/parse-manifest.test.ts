import assert from "node:assert/strict";
import { test } from "node:test";
import { identify } from "../../../src/cluster/manifest/desired.ts";
import { parseManifest } from "../../../src/cluster/manifest/parse-manifest.ts";
import { describeFindings } from "./control-plane/expand-yaml.ts";

function namesIn(text: string): string[] {
  const { desired, findings } = parseManifest(text, "f.yaml");
  assert.deepEqual(findings, []);
  return desired.map(identify);
}

for (const [what, text, expected] of [
  ["an empty file", "", []],
  ["a file of comments and empty documents", "# nothing\n---\n---\n# here\n---\n", []],
  [
    "several documents",
    "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n",
    ["Namespace a", "Namespace b"],
  ],
  [
    "a List",
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n- {apiVersion: v1, kind: Node, metadata: {name: node}}\n",
    ["Namespace a", "Node node"],
  ],
  [
    "a typed list whose items do not repeat kind and apiVersion",
    "apiVersion: v1\nkind: NamespaceList\nitems: [{metadata: {name: a}}]\n",
    ["Namespace a"],
  ],
  ["an empty List", "apiVersion: v1\nkind: List\nitems: []\n", []],
  [
    "JSON",
    '{"apiVersion": "v1",\n\t"kind": "Pod", "metadata": {"name": "p"}, "spec": {}}',
    ["Pod default/p"],
  ],
  [
    "null where a field is left empty",
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels:\n  namespace:\nspec:\n  containers:\nstatus:\n",
    ["Pod default/p"],
  ],
  [
    "old API versions of workloads",
    "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {}}}\n",
    ["Deployment default/d"],
  ],
  [
    "text that looks like a time or a base-60 number",
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {at: 2026-11-01, time: 12:30:45}}\n",
    ["Namespace a"],
  ],
  [
    "text that looks a little like a number",
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: e1, labels: {a: E5, b: .e3, c: +e1, d: ., e: ._5}}\n",
    ["Namespace e1"],
  ],
] as const) {
  test(`${what} is read`, () => assert.deepEqual(namesIn(text), expected));
}

test("kinds of other API groups are skipped", () => {
  const text = [
    "{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: k}}",
    "{apiVersion: batch/v1, kind: CronJob, metadata: {name: c}}",
    "{apiVersion: example.org/v1, kind: AllowList, spec: {}}",
  ].join("\n---\n");
  const { desired, skippedKinds, findings } = parseManifest(text, "f.yaml");
  assert.deepEqual([desired, findings], [[], []]);
  assert.deepEqual(skippedKinds, ["Service", "CronJob", "AllowList"]);
});

test("aliases that would grow without bounds are a syntax finding", () => {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (const [name, of] of ["ba", "cb", "dc", "ed"].map(pair => [...pair])) {
    lines.push(`${name}: &${name} [${Array(10).fill(`*${of}`).join(", ")}]`);
  }
  const { findings } = parseManifest(lines.join("\n"), "f.yaml");
  assert.deepEqual(
    findings.map(({ code }) => code),
    ["MANIFEST_SYNTAX"],
  );
});

const service = (spec: string) => `apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n${spec}`;
const ports = (...lines: string[]) => service(`  ports:\n${lines.map(line => `  - ${line}\n`).join("")}`);

for (const [what, text, expected] of [
  ["broken YAML", "a: 1\nb: [1, 2\nc: 3\n", /^MANIFEST_SYNTAX f\.yaml:3:1 /],
  ["a tab for indentation", "a:\n\tb: 1\n", /^MANIFEST_SYNTAX f\.yaml:2:1 /],
  ["a document that is no object", "just words\n", /^MANIFEST_NOT_AN_OBJECT f\.yaml:1:1 /],
  [
    "an object without kind",
    "---\n\napiVersion: v1\nmetadata: {name: a}\n",
    /^MANIFEST_NOT_AN_OBJECT f\.yaml:3:1 /,
  ],
  [
    "a missing name",
    "apiVersion: v1\nkind: Service\nmetadata:\n  labels: {a: b}\nspec: {ports: [{port: 80}]}\n",
    /^MANIFEST_FIELD_MISSING f\.yaml:4:3 Service: metadata\.name is missing$/,
  ],
  [
    "a Service name that is no DNS label",
    "apiVersion: v1\nkind: Service\nmetadata:\n  name: My_Web\nspec: {ports: [{port: 80}]}\n",
    /^MANIFEST_NAME f\.yaml:4:9 Service My_Web: metadata\.name is not a DNS label: "My_Web"$/,
  ],
  [
    "a name of 64 characters",
    `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${"a".repeat(64)}}\n`,
    /^MANIFEST_NAME f\.yaml:3:18 /,
  ],
  [
    "an unquoted yes for a label",
    "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    canary: yes\n",
    /^MANIFEST_FIELD_TYPE f\.yaml:6:13 Namespace a: metadata\.labels\.canary must be a string, is true$/,
  ],
  [
    "a port beyond 65535",
    ports("port: 70000"),
    /^MANIFEST_PORT f\.yaml:6:11 .*spec\.ports\[0\]\.port is not a port number: 70000$/,
  ],
  ["port 0", ports("port: 0"), /^MANIFEST_PORT f\.yaml:6:11 /],
  ["a quoted port", ports('port: "80"'), /^MANIFEST_FIELD_TYPE f\.yaml:6:11 .* must be a number, is "80"$/],
  ["a quoted number as targetPort", ports('{port: 80, targetPort: "80"}'), /^MANIFEST_PORT f\.yaml:6:28 /],
  [
    "a missing port",
    ports("name: http"),
    /^MANIFEST_FIELD_MISSING f\.yaml:6:5 .*spec\.ports\[0\]\.port is missing$/,
  ],
  [
    "two ports of one name",
    ports("{name: a, port: 80}", "{name: a, port: 81}"),
    /^MANIFEST_PORT_NAME f\.yaml:7:12 .*spec\.ports\[1\]\.name is the name of another port too: "a"$/,
  ],
  [
    "an unnamed port among several",
    ports("{name: a, port: 80}", "{port: 81}"),
    /^MANIFEST_PORT_NAME f\.yaml:7:5 .* is missing, and there are several ports$/,
  ],
  [
    "an unknown protocol",
    ports("{port: 80, protocol: tcp}"),
    /^MANIFEST_FIELD_VALUE f\.yaml:6:26 .* must be one of TCP, UDP, SCTP, is "tcp"$/,
  ],
  [
    "a node port out of range",
    service("  type: NodePort\n  ports: [{port: 80, nodePort: 80}]\n"),
    /^MANIFEST_PORT f\.yaml:6:32 .* is not a node port: 80$/,
  ],
  [
    "a node port of a ClusterIP Service",
    ports("{port: 80, nodePort: 30080}"),
    /^MANIFEST_FIELD_VALUE f\.yaml:6:26 .* is not for Services of type ClusterIP: 30080$/,
  ],
  [
    "a bad cluster IP",
    service("  clusterIP: 10.0.0.256\n  ports: [{port: 80}]\n"),
    /^MANIFEST_ADDRESS f\.yaml:5:14 /,
  ],
  [
    "IPv6 that is not canonical",
    service("  clusterIP: FD00::1\n  ports: [{port: 80}]\n"),
    /^MANIFEST_ADDRESS f\.yaml:5:14 /,
  ],
  [
    "no externalName",
    service("  type: ExternalName\n"),
    /^MANIFEST_FIELD_MISSING f\.yaml:5:3 .*spec\.externalName is missing$/,
  ],
  [
    "an address as externalName",
    service("  type: ExternalName\n  externalName: https://db\n"),
    /^MANIFEST_NAME f\.yaml:6:17 /,
  ],
  [
    "no ports",
    service("  selector: {a: b}\n"),
    /^MANIFEST_FIELD_MISSING f\.yaml:5:3 .*spec\.ports is missing$/,
  ],
  [
    "a headless NodePort Service",
    service("  type: NodePort\n  clusterIP: None\n"),
    /^MANIFEST_FIELD_VALUE f\.yaml:5:9 /,
  ],
  [
    "a kind without apiVersion",
    "kind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n",
    /^MANIFEST_NOT_AN_OBJECT f\.yaml:1:1 Service: an object with a kind, but without apiVersion$/,
  ],
  [
    "a known kind in another apiVersion of Kubernetes",
    "apiVersion: v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: {}}}\n",
    /^MANIFEST_KIND_VERSION f\.yaml:1:13 Deployment d: there is no kind Deployment in v1; Deployment is in apps\/v1$/,
  ],
  [
    "a kind in the wrong case",
    service("  ports: [{port: 80}]\n").replace("Service", "service"),
    /^MANIFEST_KIND_VERSION f\.yaml:2:7 service web: there is no kind service in v1; Service is in v1$/,
  ],
  [
    "a selector that its own template does not match",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {app: a, b: c}}\n  template:\n    metadata:\n      labels: {app: web, b: c}\n    spec: {}\n",
    /^MANIFEST_FIELD_VALUE f\.yaml:8:15 .*template\.metadata\.labels do not match spec\.selector\.matchLabels: app=a$/,
  ],
  [
    "two cluster IPs of one family",
    service("  clusterIPs: [10.0.0.1, 10.0.0.2]\n  ports: [{port: 80}]\n"),
    /^MANIFEST_FIELD_VALUE f\.yaml:5:26 .*clusterIPs\[1\] is a second IPv4 address: "10\.0\.0\.2"$/,
  ],
  [
    "a clusterIP that is not the first of clusterIPs",
    service("  clusterIP: 10.0.0.2\n  clusterIPs: [10.0.0.1]\n  ports: [{port: 80}]\n"),
    /^MANIFEST_FIELD_VALUE f\.yaml:6:16 .*clusterIPs\[0\] is not spec\.clusterIP, 10\.0\.0\.2: "10\.0\.0\.1"$/,
  ],
  [
    "negative replicas",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: -1, template: {spec: {}}}\n",
    /^MANIFEST_FIELD_VALUE f\.yaml:4:18 /,
  ],
  [
    "a list where a mapping belongs",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {spec: [1]}}\n",
    /^MANIFEST_FIELD_TYPE f\.yaml:4:25 .* must be a mapping, is a list$/,
  ],
  [
    "an address of the other family in a slice",
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\naddressType: IPv6\nendpoints:\n- addresses: [10.0.0.1]\n",
    /^MANIFEST_ADDRESS f\.yaml:6:15 /,
  ],
  [
    "a mistake inside a List",
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: A}\n",
    /^MANIFEST_NAME f\.yaml:6:20 /,
  ],
  [
    "an item of a List that is null",
    "apiVersion: v1\nkind: List\nitems:\n- ~\n",
    /^MANIFEST_NOT_AN_OBJECT f\.yaml:4:3 /,
  ],
] as const) {
  test(`${what} is found and placed`, () => {
    const { findings } = parseManifest(text, "f.yaml");
    assert.match(describeFindings(findings)[0] ?? "nothing found", expected);
    assert.ok(findings.every(({ severity, remedy }) => severity === "error" && remedy !== ""));
  });
}

test("every mistake of a file is told, not only the first", () => {
  const text = `${ports("port: 0", "{name: B, port: 80}")}---\n${ports("port: 1.5")}`;
  const lines = parseManifest(text, "f.yaml").findings.map(({ line }) => line);
  assert.deepEqual([...new Set(lines)], [6, 7, 14]);
});
