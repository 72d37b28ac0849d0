/** What the test API server serves, how its paths read, and its discovery documents. */

import type { IncomingMessage } from "node:http";

export interface Resource {
  /** "" for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths: `services`. */
  readonly name: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly shortNames: readonly string[];
}

const core = { group: "", version: "v1" } as const;

export const resources: readonly Resource[] = [
  { ...core, name: "namespaces", kind: "Namespace", isNamespaced: false, shortNames: ["ns"] },
  { ...core, name: "nodes", kind: "Node", isNamespaced: false, shortNames: ["no"] },
  { ...core, name: "services", kind: "Service", isNamespaced: true, shortNames: ["svc"] },
  { ...core, name: "endpoints", kind: "Endpoints", isNamespaced: true, shortNames: ["ep"] },
  { ...core, name: "pods", kind: "Pod", isNamespaced: true, shortNames: ["po"] },
  {
    group: "discovery.k8s.io",
    version: "v1",
    name: "endpointslices",
    kind: "EndpointSlice",
    isNamespaced: true,
    shortNames: [],
  },
  {
    group: "multicluster.x-k8s.io",
    version: "v1alpha1",
    name: "serviceimports",
    kind: "ServiceImport",
    isNamespaced: true,
    shortNames: ["svcim"],
  },
  {
    group: "coordination.k8s.io",
    version: "v1",
    name: "leases",
    kind: "Lease",
    isNamespaced: true,
    shortNames: [],
  },
  {
    group: "networking.k8s.io",
    version: "v1",
    name: "servicecidrs",
    kind: "ServiceCIDR",
    isNamespaced: false,
    shortNames: [],
  },
];

export function resourceOfKind(kind: string | undefined): Resource {
  const resource = resources.find(candidate => candidate.kind === kind);
  if (resource === undefined) throw new Error(`the test API server has no kind ${kind}`);
  return resource;
}

/** `v1` or `discovery.k8s.io/v1`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** Undefined for paths that are no resource, such as `/version`. */
  readonly resource: Resource | undefined;
  readonly verb: Verb | undefined;
  /** "" for all namespaces and for cluster-scoped resources. */
  readonly namespace: string;
  /** "" for a collection. */
  readonly name: string;
  /** The object's status alone is meant. */
  readonly isStatus: boolean;
  /** Number of the TCP connection it came over, counted from 1. */
  readonly connection: number;
}

const resourcePath =
  /^(?:\/api\/v1|\/apis\/([^/]+)\/(v[^/]+))(?:\/namespaces\/([^/]+)(?=\/[^/]+))?\/([^/]+)(?:\/([^/]+))?(\/status)?$/;

/** Reads method, path and query the way kube-apiserver's RequestInfo does. */
export function describeRequest(request: IncomingMessage, connection: number): ApiRequest {
  const url = new URL(request.url ?? "/", "http://api");
  const [, group = "", version = "v1", namespace = "", plural = "", name = "", status] =
    resourcePath.exec(url.pathname) ?? [];
  const resource = resources.find(
    candidate =>
      candidate.group === group &&
      candidate.version === version &&
      candidate.name === plural &&
      (candidate.isNamespaced || namespace === "") &&
      (!candidate.isNamespaced || namespace !== "" || name === ""),
  );
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    resource,
    verb: resource === undefined ? undefined : verbOf(request.method ?? "GET", name, url.searchParams),
    namespace: decodeURIComponent(namespace),
    name: decodeURIComponent(name),
    isStatus: status !== undefined,
    connection,
  };
}

function verbOf(method: string, name: string, query: URLSearchParams): Verb | undefined {
  switch (method) {
    case "GET":
      if (name !== "") return "get";
      return ["true", "1"].includes(query.get("watch") ?? "") ? "watch" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return name === "" ? undefined : "delete";
    default:
      return undefined;
  }
}

/** The documents that client-go and kubectl ask for before anything else; undefined for any other path. */
export function discoveryDocument(path: string): unknown {
  switch (path) {
    case "/version":
      return { major: "1", minor: "36", gitVersion: "v1.36.0-test", platform: "linux/amd64" };
    case "/api":
      return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
    case "/apis":
      return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(groupDocument) };
    default:
      return groupOrResources(path);
  }
}

const groups = resources.filter(({ group }) => group !== "");

function groupDocument({ group, version }: Resource): object {
  const only = { groupVersion: `${group}/${version}`, version };
  return { name: group, versions: [only], preferredVersion: only };
}

function groupOrResources(path: string): unknown {
  const group = groups.find(({ group }) => path === `/apis/${group}`);
  if (group !== undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupDocument(group) };
  const members = resources.filter(
    resource => path === `/api${resource.group === "" ? "" : "s"}/${apiVersionOf(resource)}`,
  );
  const [first] = members;
  return first && { ...resourceList(members), groupVersion: apiVersionOf(first) };
}

function resourceList(members: readonly Resource[]): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    resources: members.map(resource => ({
      name: resource.name,
      singularName: resource.kind.toLowerCase(),
      namespaced: resource.isNamespaced,
      kind: resource.kind,
      verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
      shortNames: resource.shortNames,
    })),
  };
}
