import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFindings, expandYaml } from "./expand-yaml.ts";

const service = (selector: string, targetPort = "http") =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports:\n  - port: 80\n    targetPort: ${targetPort}\n  selector: {${selector}}\n`;
const pods = (count: number, labels: string, ports = "{name: http, containerPort: 8080}") =>
  `---\napiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: rs}\nspec: {replicas: ${count}, template: {metadata: {labels: {${labels}}}, spec: {containers: [{ports: [${ports}]}]}}}\n`;

const nothing = "MANIFEST_SELECTOR_MATCHES_NOTHING 1.yaml:8:13 Service default/web: selector";
const unknown =
  "MANIFEST_TARGET_PORT_UNKNOWN 1.yaml:7:17 Service default/web: no Pod it selects has a TCP port named http;";

for (const [what, text, expected] of [
  ["Pods that match", service("app: web") + pods(1, "app: web"), []],
  ["nothing near", service("app: web") + pods(2, "app: db"), [`${nothing} app=web matches 0 Pods`]],
  [
    "a value of another case",
    service("app: web") + pods(2, "app: Web"),
    [`${nothing} app=web matches 0 Pods; 2 Pods have app=Web`],
  ],
  [
    "a key of another case",
    service("app: web") + pods(1, "App: web"),
    [`${nothing} app=web matches 0 Pods; 1 Pod has App=web`],
  ],
  [
    "one label of two that differs",
    service("app: web, tier: front") + pods(2, "app: web, tier: frontend"),
    [`${nothing} app=web,tier=front matches 0 Pods; 2 Pods have tier=frontend and match the rest`],
  ],
  [
    "one label of two that is absent",
    service("app: web, tier: front") + pods(2, "app: web"),
    [`${nothing} app=web,tier=front matches 0 Pods; 2 Pods have no label tier and match the rest`],
  ],
  [
    "a workload scaled to nothing",
    service("app: web") + pods(0, "app: web"),
    [`${nothing} app=web matches 0 Pods; ReplicaSet default/rs, which it selects, has no Pods`],
  ],
  [
    "a named port that is called otherwise",
    service("app: web") + pods(1, "app: web", "{name: web, containerPort: 8080}, {containerPort: 9090}"),
    [`${unknown} they have web (8080/TCP), unnamed (9090/TCP)`],
  ],
  [
    "a named port of another protocol",
    service("app: web") + pods(1, "app: web", "{name: http, containerPort: 8080, protocol: UDP}"),
    [`${unknown} they have http (8080/UDP)`],
  ],
  ["Pods without ports", service("app: web") + pods(1, "app: web", ""), [`${unknown} they name no ports`]],
  [
    "endpoints written by hand",
    `${service("app: web")}---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nendpoints: [{addresses: [10.0.0.1]}]\n`,
    [],
  ],
] as const) {
  test(`a Service with ${what} has ${expected.length === 0 ? "no finding" : "a finding that says so"}`, () => {
    const { findings } = expandYaml(text);
    assert.deepEqual(describeFindings(findings), expected);
    assert.ok(findings.every(({ severity, remedy }) => severity === "warning" && remedy !== ""));
  });
}
