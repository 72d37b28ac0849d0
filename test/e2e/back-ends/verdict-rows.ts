/** Who may connect where and meets whom: the rows of the verdict table, for every protocol and family. */

import type { IPFamily, Protocol } from "../../../src/cluster/objects.ts";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { localEndpoint, plan, remoteEndpoint } from "../../proxy/nftables/plan-fixture.ts";
import type { Addresses, Place } from "../nftables/laboratory.ts";
import { addressesOf } from "../nftables/laboratory.ts";

/** By name, and in this order by number. */
const serviceNames = ["cluster", "local", "far", "inside", "empty", "ranged", "closed", "self"] as const;
type ServiceName = (typeof serviceNames)[number];

/**
 * What clients connect to: a Service by its cluster IP, an external IP, a balancer's or the node port, on an address
 * of the node that node ports are served on, on another, or on localhost; else what is nobody's.
 */
type Target =
  | `${ServiceName}/${"cluster" | "other port" | "external" | "balancer" | "node" | "gateway" | "localhost"}`
  | "unallocated"
  | "node server";

type Source = "pod" | "pod-a" | "node" | "localhost" | "outside" | "stranger";

/** `A B remote as node`: one of these endpoints answers, and sees the client or the node. */
type Expectation = "refused" | "dropped" | "unserved" | `${string} as ${"client" | "node"}`;

export type Row = readonly [Source, Target, Expectation];

export const rows: Readonly<Record<string, readonly Row[]>> = {
  "1 source ranges": [
    ["stranger", "ranged/balancer", "dropped"],
    ["stranger", "closed/balancer", "dropped"],
    ["outside", "closed/balancer", "refused"],
    ["outside", "ranged/balancer", "B as node"],
    ["pod", "ranged/balancer", "B as node"],
    ["stranger", "ranged/external", "B as node"],
    ["stranger", "ranged/node", "B as node"],
    ["stranger", "ranged/cluster", "B as node"],
  ],
  "2 no endpoints": [
    ["pod", "empty/cluster", "refused"],
    ["node", "empty/cluster", "refused"],
    ["outside", "empty/external", "refused"],
    ["pod", "empty/balancer", "refused"],
    ["outside", "empty/node", "refused"],
  ],
  "3 internal Local, none local": [
    ["pod", "far/cluster", "dropped"],
    ["node", "far/cluster", "dropped"],
  ],
  "4 cluster IP": [
    ["pod", "cluster/cluster", "A B remote as client"],
    ["node", "cluster/cluster", "A B remote as node"],
    ["outside", "cluster/cluster", "A B remote as node"],
    ["pod", "inside/cluster", "B as client"],
    ["outside", "local/cluster", "B remote as node"],
  ],
  "5 external Cluster": [
    ["outside", "cluster/external", "A B remote as node"],
    ["outside", "cluster/balancer", "A B remote as node"],
    ["outside", "cluster/node", "A B remote as node"],
    ["pod", "cluster/external", "A B remote as node"],
    ["pod", "cluster/node", "A B remote as node"],
    ["outside", "inside/external", "B remote as node"],
    ["outside", "cluster/gateway", "unserved"],
  ],
  "6 external Local from a Pod": [
    ["pod", "local/external", "B remote as client"],
    ["pod", "local/balancer", "B remote as client"],
    ["pod", "far/node", "remote as client"],
  ],
  "7 external Local from the node": [
    ["node", "local/external", "B remote as node"],
    ["node", "far/balancer", "remote as node"],
    ["node", "far/node", "remote as node"],
    ["localhost", "local/localhost", "B remote as node"],
    ["localhost", "far/localhost", "remote as node"],
    ["localhost", "empty/localhost", "refused"],
  ],
  "8 external Local from elsewhere": [
    ["outside", "local/external", "B as client"],
    ["outside", "local/balancer", "B as client"],
    ["outside", "local/node", "B as client"],
  ],
  "9 external Local from elsewhere, none local": [
    ["outside", "far/external", "dropped"],
    ["outside", "far/balancer", "dropped"],
    ["outside", "far/node", "dropped"],
  ],
  "10 other port of a cluster IP": [
    ["pod", "cluster/other port", "refused"],
    ["outside", "cluster/other port", "refused"],
  ],
  "11 unallocated cluster IP": [["pod", "unallocated", "dropped"]],
  "12 anything else": [["outside", "node server", "node as client"]],
  hairpin: [
    ["pod-a", "self/cluster", "A as node"],
    ["pod-a", "self/external", "A as node"],
  ],
};

export function numberOf(name: ServiceName): number {
  return 10 + 10 * serviceNames.indexOf(name);
}

/** One Service of each name. */
export function plansOf(family: IPFamily, protocol: Protocol): readonly ServicePortPlan[] {
  const { podA, podB, remotePod, clusterIP, externalIP, clients, podNetwork } = addressesOf[family];
  const [a, b, remote] = [localEndpoint(podA), localEndpoint(podB), remoteEndpoint(remotePod)];
  const onlyOutside = [`${clients[1]}/${family === "IPv4" ? 32 : 128}`, podNetwork];
  const fields: Readonly<Record<ServiceName, Partial<ServicePortPlan>>> = {
    cluster: { clusterEndpoints: [a, b, remote] },
    local: { clusterEndpoints: [b, remote], localEndpoints: [b], externalPolicy: "Local" },
    far: { clusterEndpoints: [remote], externalPolicy: "Local", internalPolicy: "Local" },
    inside: { clusterEndpoints: [b, remote], localEndpoints: [b], internalPolicy: "Local" },
    empty: {},
    ranged: { clusterEndpoints: [b], loadBalancerSources: onlyOutside },
    closed: { loadBalancerSources: onlyOutside },
    self: { clusterEndpoints: [a] },
  };
  return serviceNames.map(name => {
    const number = numberOf(name);
    return plan(`${name}-${family}-${protocol}`.toLowerCase(), {
      family,
      protocol,
      clusterIP: clusterIP(number),
      externalIPs: [externalIP(number + 1)],
      loadBalancerIPs: [externalIP(number + 2)],
      nodePort: 30000 + number,
      ...fields[name],
    });
  });
}

export function sourceOf(
  source: Source,
  family: IPFamily,
): { readonly place: Place; readonly address: string } {
  const { podA, podC, node, clients } = addressesOf[family];
  switch (source) {
    case "pod":
      return { place: "pod-c", address: podC };
    case "pod-a":
      return { place: "pod-a", address: podA };
    case "node":
      return { place: "node", address: node };
    case "localhost":
      return { place: "node", address: localhostOf(family) };
    case "outside":
      return { place: "outside", address: clients[1] };
    case "stranger":
      return { place: "outside", address: clients[0] };
  }
}

export function targetOf(target: Target, family: IPFamily): readonly [address: string, port: number] {
  const own = addressesOf[family];
  if (target === "unallocated") return [own.clusterIP(250), 80];
  if (target === "node server") return [own.node, 8080];
  const [name, way] = target.split("/") as [ServiceName, string];
  return wayInto(numberOf(name), way, own, localhostOf(family));
}

function wayInto(number: number, way: string, own: Addresses, localhost: string): readonly [string, number] {
  const nodePort = 30000 + number;
  const ways: Readonly<Record<string, readonly [string, number]>> = {
    cluster: [own.clusterIP(number), 80],
    "other port": [own.clusterIP(number), 81],
    external: [own.externalIP(number + 1), 80],
    balancer: [own.externalIP(number + 2), 80],
    node: [own.node, nodePort],
    gateway: [own.gateway, nodePort],
    localhost: [localhost, nodePort],
  };
  return ways[way] ?? ["", 0];
}

function localhostOf(family: IPFamily): string {
  return family === "IPv4" ? "127.0.0.1" : "::1";
}
