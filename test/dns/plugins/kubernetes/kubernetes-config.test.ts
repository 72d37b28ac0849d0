/** What a Corefile may say of `kubernetes`, and where it is told what is wrong. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCorefile } from "../../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../../src/dns/corefile/plan.ts";
import { kubernetes } from "../../../../src/dns/plugins/kubernetes/kubernetes.ts";
import type { KubernetesConfig } from "../../../../src/dns/plugins/kubernetes/kubernetes-config.ts";
import { formatName } from "../../../../src/dns/wire/name.ts";
import { findingsOf } from "../rig.ts";

/** Findings of `kubernetes cluster.local { OPTIONS }`; the first option is in line 3, column 3. */
function findings(...options: readonly string[]): readonly string[] {
  const lines = options.map(option => `  ${option}\n`).join("");
  return findingsOf(`. {\n kubernetes cluster.local {\n${lines} }\n}`, [kubernetes]);
}

function configOf(corefile: string): KubernetesConfig {
  const files = { read: () => undefined, glob: () => [] };
  const blocks = parseCorefile({ file: "Corefile", text: corefile, files, environment: {} });
  const { blocks: plans } = planCorefile(blocks, { plugins: [kubernetes], others: {} });
  return plans[0]?.entries[0]?.config as KubernetesConfig;
}

function zonesOf(corefile: string): readonly string[] {
  return configOf(corefile).zoneOptions.zones.map(formatName);
}

const accepted: readonly (readonly string[])[] = [
  ["endpoint http://127.0.0.1:8080"],
  ["endpoint 10.0.0.1:6443", "tls cert.pem key.pem ca.pem"],
  ["kubeconfig /etc/kube/config"],
  ["kubeconfig /etc/kube/config admin"],
  ["namespaces shop back", "namespaces front"],
  ["namespace_labels istio-injection=enabled"],
  ["labels environment in (staging, qa),application=nginx"],
  ["labels !legacy,example.org/tier!=back,a notin (b),c==d,e"],
  ['labels ""'],
  ["pods disabled", "pods insecure", "pods verified"],
  ["endpoint_pod_names", "ignore empty_service", "zonal"],
  ["noendpoints"],
  ["ttl 0", "ttl 3600", "ttl +30"],
  ["fallthrough"],
  ["fallthrough in-addr.arpa 10.0.0.0/8"],
  ["multicluster cluster.local"],
  ["multicluster Cluster.Local."],
  ["startup_timeout 1m30s"],
];
for (const options of accepted) {
  test(`"${options.join("; ")}" is accepted`, () => {
    assert.deepEqual(findings(...options), []);
  });
}

const refused: readonly (readonly [finding: string, ...options: string[]])[] = [
  ["3:3 COREFILE_UNKNOWN_OPTION", "resync 5s"],
  ["3:3 COREFILE_REMOVED_OPTION", "upstream /etc/resolv.conf"],
  ["3:3 COREFILE_REMOVED_OPTION", "resyncperiod 5m"],
  ["3:3 COREFILE_REMOVED_OPTION", "transfer to *"],
  ["3:3 COREFILE_REMOVED_OPTION", "federation prod example.org"],
  ["3:3 COREFILE_ARGUMENTS", "endpoint"],
  ["3:12 COREFILE_VALUE", "endpoint http://[::1"],
  ["3:3 COREFILE_ARGUMENTS", "tls cert.pem key.pem", "endpoint https://api"],
  ["3:27 COREFILE_ARGUMENTS", "tls cert.pem key.pem ca more", "endpoint https://api"],
  ["3:3 COREFILE_ARGUMENTS", "kubeconfig"],
  ["3:18 COREFILE_ARGUMENTS", "kubeconfig a b c"],
  ["3:3 COREFILE_ARGUMENTS", "namespaces"],
  ["4:3 COREFILE_CONFLICT", "namespaces shop", "namespace_labels a=b"],
  ["3:3 COREFILE_CONFLICT", "namespace_labels a=b", "namespaces shop"],
  ["3:3 COREFILE_ARGUMENTS", "labels"],
  ["3:10 COREFILE_VALUE", "labels a in b"],
  ["3:10 COREFILE_VALUE", "labels a in ()"],
  ["3:10 COREFILE_VALUE", "labels a,"],
  ["3:10 COREFILE_VALUE", "labels a>1"],
  ["3:20 COREFILE_VALUE", "namespace_labels -a=b"],
  ["3:3 COREFILE_ARGUMENTS", "pods"],
  ["3:8 COREFILE_VALUE", "pods secure"],
  ["3:22 COREFILE_ARGUMENTS", "endpoint_pod_names yes"],
  ["3:15 COREFILE_ARGUMENTS", "noendpoints yes"],
  ["3:9 COREFILE_ARGUMENTS", "zonal yes"],
  ["4:3 COREFILE_CONFLICT", "noendpoints", "zonal"],
  ["3:3 COREFILE_ARGUMENTS", "ttl"],
  ["3:7 COREFILE_VALUE", "ttl 3601"],
  ["3:7 COREFILE_VALUE", "ttl -1"],
  ["3:7 COREFILE_VALUE", "ttl 5s"],
  ["3:10 COREFILE_VALUE", "ignore empty_services"],
  ["3:30 COREFILE_VALUE", "multicluster cluster.local clusterset.local"],
  ["3:3 COREFILE_ARGUMENTS", "startup_timeout"],
  ["3:19 COREFILE_VALUE", "startup_timeout 5"],
  ["3:19 COREFILE_VALUE", "startup_timeout 0s"],
  ["3:17 COREFILE_VALUE", "apiserver_qps -1"],
  ["3:19 COREFILE_VALUE", "apiserver_burst 1.5"],
  ["3:3 COREFILE_ARGUMENTS", "apiserver_max_inflight"],
];
for (const [finding, ...options] of refused) {
  test(`"${options.join("; ")}" is ${finding}`, () => {
    assert.deepEqual(findings(...options), [finding]);
  });
}

const odd: readonly (readonly [finding: string, ...options: string[]])[] = [
  ["3:25 COREFILE_NO_EFFECT", "endpoint http://api-1 http://api-2"],
  ["3:3 COREFILE_NO_EFFECT", "endpoint http://api", "kubeconfig /etc/kube/config"],
  ["3:3 COREFILE_NO_EFFECT", "tls cert.pem key.pem ca.pem"],
  ["3:10 COREFILE_NO_EFFECT", "ttl 30 60"],
  ["3:22 COREFILE_NO_EFFECT", "startup_timeout 5s 6s"],
  ["3:3 COREFILE_NO_EFFECT", "ignore"],
  ["3:3 COREFILE_NO_EFFECT", "multicluster"],
  ["3:3 COREFILE_NO_EFFECT", "apiserver_qps 2.5"],
  ["3:3 COREFILE_NO_EFFECT", "apiserver_burst 10"],
  ["3:3 COREFILE_NO_EFFECT", "apiserver_max_inflight 0"],
  ["4:3 COREFILE_RISKY", "noendpoints", "ignore empty_service"],
];
for (const [finding, ...options] of odd) {
  test(`"${options.join("; ")}" is accepted with ${finding}`, () => {
    assert.deepEqual(findings(...options), [finding]);
  });
}

test("kubernetes twice in a block is a mistake, and so are reverse zones without any other", () => {
  assert.deepEqual(findingsOf(". {\n kubernetes\n kubernetes\n}", [kubernetes]), ["3:2 COREFILE_DUPLICATE"]);
  assert.deepEqual(findingsOf(". {\n kubernetes 10.0.0.0/8\n}", [kubernetes]), ["2:13 COREFILE_VALUE"]);
  assert.deepEqual(findingsOf("10.0.0.0/8 {\n kubernetes\n}", [kubernetes]), ["2:2 COREFILE_VALUE"]);
  assert.deepEqual(findingsOf(". {\n kubernetes in-addr.arpa ip6.arpa\n}", [kubernetes]), [
    "2:13 COREFILE_RISKY",
  ]);
});

test("zones are those given, else those of the server block, networks taken apart", () => {
  assert.deepEqual(zonesOf(". {\n kubernetes Cluster.Local 10.0.0.0/8\n}"), [
    "cluster.local.",
    "10.in-addr.arpa.",
  ]);
  assert.deepEqual(zonesOf("cluster.local:1053 10.96.0.0/15 {\n kubernetes\n}"), [
    "cluster.local.",
    "96.10.in-addr.arpa.",
    "97.10.in-addr.arpa.",
  ]);
});

test("an endpoint without a scheme is https with tls, else http; a kubeconfig wins", () => {
  const accessOf = (options: string) => configOf(`. {\n kubernetes {\n ${options}\n }\n}`).access;
  assert.deepEqual(accessOf("endpoint 10.0.0.1:8080"), { endpoint: "http://10.0.0.1:8080", tls: undefined });
  assert.deepEqual(accessOf("endpoint api:6443\n tls c k a"), {
    endpoint: "https://api:6443",
    tls: { cert: "c", key: "k", ca: "a" },
  });
  assert.deepEqual(accessOf("endpoint http://api\n kubeconfig file"), {
    kubeconfig: "file",
    context: undefined,
  });
  assert.equal(accessOf("ttl 30"), undefined);
});

test("explain says in sentences what a configuration does", () => {
  const explain = (options: string) => {
    const config = configOf(`. {\n kubernetes cluster.local in-addr.arpa {\n ${options}\n }\n}`);
    return (kubernetes.explain(config) ?? []).join("\n");
  };
  const plain = explain("ttl 30");
  assert.match(
    plain,
    /^Answers cluster\.local, in-addr\.arpa from the Kubernetes API server .*30 seconds\.$/m,
  );
  assert.match(plain, /^Denies all names of Pods\.$/m);
  assert.match(plain, /^Names it does not know are NXDOMAIN\.$/m);
  const full = explain(
    [
      "kubeconfig k admin",
      "pods verified",
      "namespaces shop",
      "fallthrough in-addr.arpa",
      "zonal",
      "labels a=b",
    ].join("\n "),
  );
  for (const words of [
    /of k, context admin/,
    /namespaces shop/,
    /in in-addr\.arpa to the next plugin/,
    /_zone/,
    /labels a=b/,
  ]) {
    assert.match(full, words);
  }
});
