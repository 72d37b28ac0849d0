import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFindings, expandYaml } from "./expand-yaml.ts";

const service = (spec = "ports: [{name: http, port: 80}]") =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {${spec}}\n`;
const endpoints = (subset: string, metadata = "") =>
  `---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: db${metadata}}\nsubsets: [${subset}]\n`;
const slice = (ports: string, label = "db") =>
  `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, labels: {kubernetes.io/service-name: ${label}}}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}]\nports: [${ports}]\n`;

const none = "MANIFEST_NO_ENDPOINTS 1.yaml:4:7 Service default/db: has no endpoints, because";
const port = "MANIFEST_NO_ENDPOINTS 1.yaml:4:16 Service default/db: port http/TCP has no endpoints, because";
const nobody = `${none} it has no selector, and nobody wrote any`;

for (const [what, text, expected] of [
  ["no Endpoints", service(), [nobody]],
  ["a slice of another Service", service() + slice("{name: http, port: 80}", "other"), [nobody]],
  [
    "Endpoints without addresses",
    service() + slice("{name: http, port: 80}").replace("[{addresses: [10.0.0.1]}]", "[]"),
    [`${none} those written for it hold no addresses`],
  ],
  [
    "Endpoints that fit",
    service() + endpoints("{addresses: [{ip: 10.0.0.1}], ports: [{name: http, port: 8080}]}"),
    [],
  ],
  [
    "Endpoints whose port is called otherwise",
    service() + endpoints("{addresses: [{ip: 10.0.0.1}], ports: [{name: web, port: 80}]}"),
    [`${port} those written for it have web/TCP`],
  ],
  [
    "a slice whose port has no name",
    service() + slice("{port: 80}"),
    [`${port} those written for it have unnamed/TCP`],
  ],
  ["a slice without ports", service() + slice(""), [`${port} those written for it name no ports`]],
  ["externalName", service("type: ExternalName, externalName: a.example"), []],
  [
    "no cluster IP and a slice without ports",
    service("clusterIP: None, ports: [{port: 80}]") + slice(""),
    [],
  ],
  [
    "Endpoints that are a leader's lock",
    service() +
      endpoints(
        "{addresses: [{ip: 10.0.0.1}], ports: [{name: http, port: 80}]}",
        ", annotations: {control-plane.alpha.kubernetes.io/leader: '{}'}",
      ),
    [nobody],
  ],
] as const) {
  test(`a Service without a selector and with ${what} has ${expected.length === 0 ? "no finding" : "a finding that says so"}`, () => {
    const { findings } = expandYaml(text);
    assert.deepEqual(describeFindings(findings), expected);
    assert.ok(findings.every(({ severity, remedy }) => severity === "warning" && remedy !== ""));
  });
}

test("Endpoints that are a leader's lock are not mirrored", () => {
  const lock = ", annotations: {control-plane.alpha.kubernetes.io/leader: '{}'}";
  const { slicesOf } = expandYaml(service() + endpoints("{addresses: [{ip: 10.0.0.1}]}", lock));
  assert.deepEqual(slicesOf("db"), []);
});
