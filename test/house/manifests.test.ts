/** The manifests we ship: fields the API has, parts that fit each other and the program they start. */

import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { test } from "node:test";
import * as client from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { loadText } from "../../src/cli/corefile-source.ts";
import { dnsVerb } from "../../src/cli/dns.ts";
import { proxyVerb } from "../../src/cli/proxy.ts";
import { readArguments } from "../../src/cli/verb.ts";
import { configOf } from "../../src/dns/corefile/plan.ts";
import { configureProxy } from "../../src/proxy/configuration/configure-proxy.ts";
import { filesBelow, textOf } from "./repository.ts";

// biome-ignore lint/suspicious/noExplicitAny: parsed YAML; the first test below checks its shape
type Manifest = any;

interface Model {
  getAttributeTypeMap(): readonly { readonly baseName: string; readonly type: string }[];
}

const files = filesBelow("manifests");
const byFile = new Map(files.map(file => [file, documentsOf(file)]));
const shipped = files
  .filter(file => !file.startsWith("manifests/examples/"))
  .flatMap(file => byFile.get(file) ?? []);
const examples = files
  .filter(file => file.startsWith("manifests/examples/"))
  .flatMap(file => byFile.get(file) ?? []);

function documentsOf(file: string): Manifest[] {
  const documents = parseAllDocuments(textOf(file));
  return documents.map(document => {
    assert.deepEqual(document.errors, [], file);
    return document.toJS();
  });
}

function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find(manifest => manifest.kind === kind && manifest.metadata.name === name);
  assert.ok(found, `${kind} ${name} is missing`);
  return found;
}

/** Paths of fields that the API type does not have. */
function unknownFields(value: unknown, type: string, path: string): string[] {
  const element = /^Array<(.+)>$/.exec(type)?.[1];
  if (element !== undefined) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((item, index) => unknownFields(item, element, `${path}[${index}]`));
  }
  const model = (client as unknown as Readonly<Record<string, Model | undefined>>)[type];
  if (model?.getAttributeTypeMap === undefined) return [];
  const attributes = new Map(model.getAttributeTypeMap().map(({ baseName, type }) => [baseName, type]));
  return Object.entries(value as object).flatMap(([field, inner]) => {
    const fieldType = attributes.get(field);
    return fieldType === undefined
      ? [`${path}.${field}`]
      : unknownFields(inner, fieldType, `${path}.${field}`);
  });
}

for (const [file, manifests] of byFile) {
  test(`${file} has only fields the Kubernetes API knows`, () => {
    assert.notEqual(manifests.length, 0);
    for (const manifest of manifests) {
      assert.match(manifest.apiVersion, /^(?:[a-z0-9.]+\/)?v1$/);
      assert.ok(`V1${manifest.kind}` in client, manifest.kind);
      assert.deepEqual(unknownFields(manifest, `V1${manifest.kind}`, manifest.kind), []);
    }
  });
}

test("unknown field deep in a manifest is found", () => {
  const spec = {
    template: { spec: { containers: [{ securityContext: { readOnlyRootFileSystem: true } }] } },
  };
  assert.deepEqual(unknownFields({ spec }, "V1Deployment", "Deployment"), [
    "Deployment.spec.template.spec.containers[0].securityContext.readOnlyRootFileSystem",
  ]);
});

test("rights are the ones kubeadm grants CoreDNS and no more", () => {
  assert.deepEqual(find(shipped, "ClusterRole", "system:frontdesk-dns").rules, [
    { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
  ]);
  const binding = find(shipped, "ClusterRoleBinding", "system:frontdesk-dns");
  assert.equal(binding.roleRef.name, "system:frontdesk-dns");
  const [{ kind, name, namespace }] = binding.subjects;
  assert.equal(find(shipped, kind, name).metadata.namespace, namespace);
});

function deployment() {
  const found = find(shipped, "Deployment", "frontdesk-dns");
  const pod = found.spec.template.spec;
  return { deployment: found, pod, container: pod.containers[0] };
}

test("deployment keeps inside the walls kubeadm builds around cluster DNS", () => {
  const { pod, container } = deployment();
  assert.deepEqual(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
  });
  assert.deepEqual(container.resources, {
    requests: { cpu: "100m", memory: "70Mi" },
    limits: { memory: "170Mi" },
  });
  assert.equal(pod.dnsPolicy, "Default");
  assert.equal(pod.priorityClassName, "system-cluster-critical");
  assert.equal(find(shipped, "ServiceAccount", pod.serviceAccountName).metadata.namespace, "kube-system");
});

test("deployment's ports and probes are where its Corefile puts them", () => {
  const { container, pod } = deployment();
  assert.deepEqual(readArguments(dnsVerb, container.args).text("conf"), "/etc/coredns/Corefile");
  const [volume] = pod.volumes;
  const corefile = find(shipped, "ConfigMap", volume.configMap.name).data.Corefile;
  const { plan } = loadText("Corefile", corefile, 53);
  assert.deepEqual(plan.findings, []);
  const [block] = plan.blocks;
  assert.ok(block);
  const portOf = (word: string) =>
    Number(configOf<{ address: string }>(block, word)?.address.split(":").at(-1));
  const portNamed = (name: string) =>
    container.ports.find((port: { name: string }) => port.name === name)?.containerPort;
  assert.equal(portNamed("dns"), block.keys[0]?.port);
  assert.equal(portNamed("dns-tcp"), block.keys[0]?.port);
  assert.equal(portNamed("metrics"), portOf("prometheus"));
  assert.equal(portNamed(container.livenessProbe.httpGet.port), portOf("health"));
  assert.equal(portNamed(container.readinessProbe.httpGet.port), portOf("ready"));
  assert.equal(container.livenessProbe.httpGet.path, "/health");
  assert.equal(container.readinessProbe.httpGet.path, "/ready");
});

test("the Corefile of the manifests is kubeadm's", () => {
  const { data } = find(shipped, "ConfigMap", "frontdesk-dns");
  assert.equal(data.Corefile, textOf("test/fixtures/corefiles/kubeadm/Corefile"));
});

test("image of the deployment is this version and exposes the deployment's ports", () => {
  const { container } = deployment();
  assert.equal(container.image, `frontdesk:${JSON.parse(textOf("package.json")).version}`);
  const exposed = /^EXPOSE (.+)$/m.exec(textOf("Dockerfile"))?.[1]?.split(" ");
  const wanted = container.ports.map(
    ({ containerPort, protocol }: { containerPort: number; protocol: string }) =>
      `${containerPort}/${protocol.toLowerCase()}`,
  );
  assert.deepEqual(exposed?.sort(), wanted.sort());
});

test("proxy has the rights that clusters grant kube-proxy, and no role of its own", () => {
  const { roleRef, subjects } = find(shipped, "ClusterRoleBinding", "system:frontdesk-proxy");
  assert.deepEqual([roleRef.kind, roleRef.name], ["ClusterRole", "system:node-proxier"]);
  const { serviceAccountName } = find(shipped, "DaemonSet", "frontdesk-proxy").spec.template.spec;
  assert.deepEqual(
    subjects.map(({ name }: Manifest) => name),
    [serviceAccountName],
  );
});

test("proxy starts under kube-proxy's name with a configuration that nothing is wrong with", () => {
  const [container] = find(shipped, "DaemonSet", "frontdesk-proxy").spec.template.spec.containers;
  assert.equal(container.image, `frontdesk:${JSON.parse(textOf("package.json")).version}`);
  const [program, ...args] = container.command;
  assert.match(textOf("Dockerfile"), new RegExp(`ln -s /app/frontdesk.js ${program}$`, "m"));
  const { data } = find(shipped, "ConfigMap", "frontdesk-proxy");
  const flags = readArguments(proxyVerb, args);
  const name = flags.text("config") ?? "";
  assert.equal(dirname(name), container.volumeMounts[0].mountPath);
  const file = { name, text: data[basename(name)] };
  const { configuration, findings } = configureProxy({ flags, file, machineName: "" });
  assert.deepEqual(findings, []);
  assert.equal(configuration?.nodeName, "$(node_name)");
  assert.equal(configuration?.kubeconfig, `${dirname(name)}/kubeconfig.conf`);
  assert.equal(configuration?.healthzBindAddress?.port, container.livenessProbe.httpGet.port);
});

for (const name of ["frontdesk-dns", "kube-dns"]) {
  test(`service ${name} reaches the deployment's Pods on the ports of cluster DNS`, () => {
    const { deployment: target, container } = deployment();
    const { spec } = find(shipped, "Service", name);
    assert.deepEqual(spec.selector, target.spec.template.metadata.labels);
    const reached = spec.ports.map((port: Manifest) => {
      const isTarget = (own: Manifest) =>
        own.protocol === port.protocol && [own.name, own.containerPort].includes(port.targetPort);
      assert.ok(container.ports.some(isTarget), port.name);
      return `${port.name} ${port.port}/${port.protocol}`;
    });
    assert.deepEqual(reached, ["dns 53/UDP", "dns-tcp 53/TCP", "metrics 9153/TCP"]);
  });
}

test("service kube-dns carries the name, labels and address that clusters are set up with", () => {
  const { metadata, spec } = find(shipped, "Service", "kube-dns");
  assert.equal(metadata.namespace, "kube-system");
  assert.equal(metadata.labels["k8s-app"], "kube-dns");
  assert.equal(spec.clusterIP, "10.96.0.10");
});

test("example Services with a selector find Pods that have the ports they name", () => {
  const services = examples.filter(({ kind, spec }) => kind === "Service" && spec.selector !== undefined);
  assert.deepEqual(services.map(service => service.metadata.name).sort(), ["db", "shopfront", "web"]);
  const templates = examples
    .map(example => example.spec?.template)
    .filter(template => template !== undefined);
  for (const { metadata, spec } of services) {
    const template = templates.find(({ metadata: { labels } }) => labels.app === spec.selector.app);
    assert.ok(template, metadata.name);
    const names = template.spec.containers
      .flatMap((container: Manifest) => container.ports)
      .map((p: Manifest) => p.name);
    for (const { targetPort } of spec.ports)
      assert.ok(names.includes(targetPort), `${metadata.name}: ${targetPort}`);
  }
});

test("example manifests live in one namespace, which comes first", () => {
  assert.equal(examples[0], find(examples, "Namespace", "shop"));
  const outside = examples.filter(
    ({ kind, metadata }) => kind !== "Namespace" && metadata.namespace !== "shop",
  );
  assert.deepEqual(outside, []);
});
