/**
 * Kubernetes objects as the API sends them (core/v1, discovery.k8s.io/v1, multicluster.x-k8s.io/v1alpha1), with the fields a real cluster fills in,
 * so that a reader of them meets more than the few it needs.
 */

/** One object's JSON. `resourceVersion` is left to the API server. */
export interface RawObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

type Labels = Readonly<Record<string, string>>;

export function namespace(name: string, labels: Labels = {}): RawObject {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: metadata("Namespace", undefined, name, { "kubernetes.io/metadata.name": name, ...labels }),
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}

export interface ServiceFixture {
  readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer";
  /** `["None"]` makes the Service headless. */
  readonly clusterIPs: readonly string[];
  /** `"http 80"`, `"dns 53/UDP"`, or `"8080"` for a port without a name. */
  readonly ports?: readonly string[];
  readonly externalIPs?: readonly string[];
  readonly loadBalancerIPs?: readonly string[];
  readonly publishNotReadyAddresses?: boolean;
  readonly labels?: Labels;
}

export function service(namespaceName: string, name: string, fixture: ServiceFixture): RawObject {
  const type = fixture.type ?? "ClusterIP";
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata("Service", namespaceName, name, {
      "app.kubernetes.io/name": name,
      ...fixture.labels,
    }),
    spec: {
      type,
      clusterIP: fixture.clusterIPs[0],
      clusterIPs: fixture.clusterIPs,
      ipFamilies: fixture.clusterIPs.map(address => (address.includes(":") ? "IPv6" : "IPv4")),
      ipFamilyPolicy: fixture.clusterIPs.length > 1 ? "RequireDualStack" : "SingleStack",
      ...(fixture.externalIPs === undefined ? {} : { externalIPs: fixture.externalIPs }),
      ...(fixture.publishNotReadyAddresses ? { publishNotReadyAddresses: true } : {}),
      internalTrafficPolicy: "Cluster",
      ports: (fixture.ports ?? []).map((text, index) => ({
        ...portOf(text),
        targetPort: portOf(text).port,
        ...(type === "ClusterIP" ? {} : { nodePort: 30_000 + index }),
      })),
      selector: { "app.kubernetes.io/name": name },
      sessionAffinity: "None",
    },
    status: { loadBalancer: loadBalancerStatus(fixture.loadBalancerIPs) },
  };
}

/** A Service of type ExternalName; ports are allowed there and mean nothing. */
export function externalNameService(
  namespaceName: string,
  name: string,
  externalName: string,
  ports: readonly string[] = [],
): RawObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata("Service", namespaceName, name, {}),
    spec: {
      type: "ExternalName",
      externalName,
      ...(ports.length === 0
        ? {}
        : { ports: ports.map(text => ({ ...portOf(text), targetPort: portOf(text).port })) }),
      sessionAffinity: "None",
    },
    status: { loadBalancer: {} },
  };
}

export interface EndpointFixture {
  readonly addresses: readonly string[];
  readonly hostname?: string;
  /** `"absent"` leaves the condition out, which means ready. */
  readonly ready?: boolean | "absent";
  readonly serving?: boolean;
  readonly terminating?: boolean;
  readonly podName?: string;
  /** `zone-a` when absent. */
  readonly zone?: string;
}

export interface EndpointSliceFixture {
  /** Tells the slices of one Service apart; `x7k2p` when absent. */
  readonly suffix?: string;
  readonly addressType?: "IPv4" | "IPv6" | "FQDN";
  /** As in a Service, the number being the container's. */
  readonly ports?: readonly string[];
  /** A bare address is a ready endpoint without hostname. */
  readonly endpoints: readonly (string | EndpointFixture)[];
  readonly labels?: Labels;
  /** As annotated by the slice controller, RFC 3339. */
  readonly changeTriggeredAt?: string;
}

export function endpointSlice(
  namespaceName: string,
  serviceName: string,
  fixture: EndpointSliceFixture,
): RawObject {
  const name = `${serviceName}-${fixture.suffix ?? "x7k2p"}`;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      ...metadata("EndpointSlice", namespaceName, name, {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": serviceName,
        ...fixture.labels,
      }),
      ...(fixture.changeTriggeredAt === undefined
        ? {}
        : { annotations: { "endpoints.kubernetes.io/last-change-trigger-time": fixture.changeTriggeredAt } }),
      generateName: `${serviceName}-`,
      ownerReferences: [
        { apiVersion: "v1", kind: "Service", name: serviceName, controller: true, blockOwnerDeletion: true },
      ],
    },
    ...rawEndpoints(namespaceName, fixture),
  };
}

/** A slice that an implementation of the Multi-Cluster Services API has brought from another cluster. */
export function importedSlice(
  namespaceName: string,
  importName: string,
  clusterName: string,
  fixture: EndpointSliceFixture,
): RawObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: metadata("EndpointSlice", namespaceName, `${clusterName}-${importName}`, {
      "multicluster.kubernetes.io/service-name": importName,
      "multicluster.kubernetes.io/source-cluster": clusterName,
      ...fixture.labels,
    }),
    ...rawEndpoints(namespaceName, fixture),
  };
}

export interface ServiceImportFixture {
  readonly type?: "ClusterSetIP" | "Headless";
  readonly ips?: readonly string[];
  /** As in a Service. */
  readonly ports?: readonly string[];
}

export function serviceImport(namespaceName: string, name: string, fixture: ServiceImportFixture): RawObject {
  return {
    apiVersion: "multicluster.x-k8s.io/v1alpha1",
    kind: "ServiceImport",
    metadata: metadata("ServiceImport", namespaceName, name, {}),
    spec: {
      type: fixture.type ?? "ClusterSetIP",
      ...(fixture.ips === undefined ? {} : { ips: fixture.ips }),
      ports: (fixture.ports ?? []).map(portOf),
    },
    status: { clusters: [{ cluster: "east" }] },
  };
}

function rawEndpoints(namespaceName: string, fixture: EndpointSliceFixture): object {
  return {
    addressType: fixture.addressType ?? "IPv4",
    endpoints: fixture.endpoints.map(one =>
      rawEndpoint(namespaceName, typeof one === "string" ? { addresses: [one] } : one),
    ),
    ports: (fixture.ports ?? []).map(portOf),
  };
}

function rawEndpoint(namespaceName: string, fixture: EndpointFixture): object {
  const ready = fixture.ready ?? true;
  return {
    addresses: fixture.addresses,
    conditions:
      ready === "absent"
        ? {}
        : { ready, serving: fixture.serving ?? ready, terminating: fixture.terminating ?? false },
    ...(fixture.hostname === undefined ? {} : { hostname: fixture.hostname }),
    nodeName: "worker-1",
    zone: fixture.zone ?? "zone-a",
    ...(fixture.podName === undefined
      ? {}
      : { targetRef: { kind: "Pod", namespace: namespaceName, name: fixture.podName } }),
  };
}

export interface PodFixture {
  readonly podIPs: readonly string[];
  readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed";
  readonly labels?: Labels;
}

export function pod(namespaceName: string, name: string, fixture: PodFixture): RawObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata("Pod", namespaceName, name, { "app.kubernetes.io/name": name, ...fixture.labels }),
    spec: {
      containers: [{ name: "main", image: "registry.example/app:1.0", ports: [{ containerPort: 8080 }] }],
      nodeName: "worker-1",
      restartPolicy: "Always",
    },
    status: {
      phase: fixture.phase ?? "Running",
      podIP: fixture.podIPs[0],
      podIPs: fixture.podIPs.map(ip => ({ ip })),
      conditions: [{ type: "Ready", status: fixture.phase === undefined ? "True" : "False" }],
    },
  };
}

function metadata(
  kind: string,
  namespaceName: string | undefined,
  name: string,
  labels: Readonly<Record<string, string>>,
): RawObject["metadata"] {
  return {
    name,
    ...(namespaceName === undefined ? {} : { namespace: namespaceName }),
    uid: `${kind}.${namespaceName ?? ""}.${name}`.toLowerCase(),
    creationTimestamp: "2026-11-01T08:00:00Z",
    labels,
  };
}

function portOf(text: string): { name?: string; port: number; protocol: string } {
  const [, name, port, protocol] = /^(?:(\S+) )?(\d+)(?:\/(TCP|UDP|SCTP))?$/.exec(text) ?? [];
  if (port === undefined) throw new Error(`not a port: ${JSON.stringify(text)}`);
  return { ...(name === undefined ? {} : { name }), port: Number(port), protocol: protocol ?? "TCP" };
}

function loadBalancerStatus(addresses: readonly string[] | undefined): object {
  if (addresses === undefined) return {};
  return { ingress: addresses.map(ip => ({ ip, ipMode: "VIP" })) };
}
