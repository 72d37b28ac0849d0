/**
 * The verdict table, row by row, in both families and all protocols.
 *
 * A Service `web` with two endpoints, `near` on this node and `far` on another; hosts by name.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { IPFamily, Protocol, Service } from "../../../src/cluster/objects.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import type { Packet } from "../../../src/proxy/plan/verdict.ts";
import { isMasqueraded, verdictFor } from "../../../src/proxy/plan/verdict.ts";
import { clusterOf, endpoint, port, service, slice } from "../cluster-fixture.ts";
import { plainSettings } from "../plain-settings.ts";

const hosts = {
  IPv4: {
    cluster: "10.96.0.10",
    unallocated: "10.96.0.99",
    external: "203.0.113.5",
    balancer: "198.51.100.7",
    node: "192.0.2.1",
    nodeTwo: "192.0.2.2",
    loopback: "127.0.0.1",
    pod: "10.244.1.9",
    near: "10.244.1.5",
    far: "10.244.2.5",
    outside: "203.0.113.99",
    elsewhere: "233.252.0.1",
  },
  IPv6: {
    cluster: "fd00:96::10",
    unallocated: "fd00:96::99",
    external: "2001:db8:5::5",
    balancer: "2001:db8:7::7",
    node: "2001:db8:2::1",
    nodeTwo: "2001:db8:2::2",
    loopback: "::1",
    pod: "fd00:244:1::9",
    near: "fd00:244:1::5",
    far: "fd00:244:2::5",
    outside: "2001:db8:5::99",
    elsewhere: "2001:db8:ffff::1",
  },
} as const;
type Host = keyof typeof hosts.IPv4;

/** The networks that rows speak of. */
const networks = {
  IPv4: { outside: "203.0.113.0/24", node: "192.0.2.0/24", pods: "10.244.0.0/16", services: "10.96.0.0/16" },
  IPv6: {
    outside: "2001:db8:5::/64",
    node: "2001:db8:2::/64",
    pods: "fd00:244::/32",
    services: "fd00:96::/64",
  },
} as const;

interface World {
  readonly policies?: Pick<Partial<Service>, "internalTrafficPolicy" | "externalTrafficPolicy">;
  readonly ranges?: "outside" | "node";
  /** Both unless given. */
  readonly endpoints?: readonly ("near" | "far" | "near draining" | "near unready")[];
  /** Pods are told by their networks unless given. */
  readonly detector?: "none" | "interface" | "other family";
  readonly masqueradeAll?: true;
  readonly nodePortsOn?: "nodeTwo" | "all-local";
}

const internalLocal: World = { policies: { internalTrafficPolicy: "Local" } };
const externalLocal: World = { policies: { externalTrafficPolicy: "Local" } };
const far: World = { endpoints: ["far"] };
const nobody: World = { endpoints: [] };
const noDetector: World = { detector: "none" };

/** By row: what the world is like, `source → destination:port`, and `verdict rule: endpoints, masquerade`. */
type Row = readonly [World, string, string];

const rows: Readonly<Record<string, readonly Row[]>> = {
  "1 source ranges of the load balancer": [
    [{ ranges: "outside" }, "outside → balancer:80", "dnat external-cluster-policy: far near, masquerade"],
    [{ ranges: "outside" }, "elsewhere → balancer:80", "drop source-not-in-ranges"],
    [{ ranges: "outside" }, "pod → balancer:80", "drop source-not-in-ranges"],
    [{ ...externalLocal, ranges: "outside" }, "pod → balancer:80", "drop source-not-in-ranges"],
    [{ ranges: "outside" }, "node → balancer:80", "drop source-not-in-ranges"],
    [{ ranges: "outside" }, "balancer → balancer:80", "drop source-not-in-ranges"],
    [{ ranges: "node" }, "balancer → balancer:80", "dnat external-cluster-policy: far near, masquerade"],
    [{ ranges: "node" }, "node → balancer:80", "dnat external-cluster-policy: far near, masquerade"],
    [{ ...nobody, ranges: "outside" }, "elsewhere → balancer:80", "drop source-not-in-ranges"],
    [{ ...nobody, ranges: "outside" }, "outside → balancer:80", "reject no-endpoints"],
    [{ ranges: "outside" }, "elsewhere → balancer:81", "untouched no-service"],
    [{ ranges: "outside" }, "elsewhere → external:80", "dnat external-cluster-policy: far near, masquerade"],
    [{ ranges: "outside" }, "elsewhere → node:30080", "dnat external-cluster-policy: far near, masquerade"],
    [{ ranges: "outside" }, "elsewhere → cluster:80", "dnat cluster-ip: far near, masquerade"],
  ],
  "2 no endpoints": [
    [nobody, "pod → cluster:80", "reject no-endpoints"],
    [nobody, "outside → external:80", "reject no-endpoints"],
    [nobody, "node → balancer:80", "reject no-endpoints"],
    [nobody, "outside → node:30080", "reject no-endpoints"],
    [{ ...externalLocal, ...nobody }, "outside → node:30080", "reject no-endpoints"],
    [{ ...internalLocal, endpoints: ["near unready"] }, "pod → cluster:80", "reject no-endpoints"],
  ],
  "3 internal Local without a local endpoint": [
    [{ ...internalLocal, ...far }, "pod → cluster:80", "drop no-local-endpoints"],
    [{ ...internalLocal, ...far }, "node → cluster:80", "drop no-local-endpoints"],
    [{ ...internalLocal, ...far }, "outside → node:30080", "dnat external-cluster-policy: far, masquerade"],
  ],
  "4 cluster IP": [
    [{}, "pod → cluster:80", "dnat cluster-ip: far near"],
    [{}, "node → cluster:80", "dnat cluster-ip: far near, masquerade"],
    [{}, "outside → cluster:80", "dnat cluster-ip: far near, masquerade"],
    [{ masqueradeAll: true }, "pod → cluster:80", "dnat cluster-ip: far near, masquerade"],
    [{ ...noDetector, masqueradeAll: true }, "pod → cluster:80", "dnat cluster-ip: far near, masquerade"],
    [noDetector, "outside → cluster:80", "dnat cluster-ip: far near"],
    [{ detector: "other family" }, "outside → cluster:80", "dnat cluster-ip: far near"],
    [{ detector: "interface" }, "pod → cluster:80", "dnat cluster-ip: far near"],
    [{ detector: "interface" }, "outside → cluster:80", "dnat cluster-ip: far near, masquerade"],
    [internalLocal, "pod → cluster:80", "dnat cluster-ip: near"],
    [{ ...internalLocal, endpoints: ["far", "near draining"] }, "pod → cluster:80", "dnat cluster-ip: near"],
    [externalLocal, "pod → cluster:80", "dnat cluster-ip: far near"],
    [{ ...externalLocal, ...far }, "pod → cluster:80", "dnat cluster-ip: far"],
  ],
  "5 external Cluster": [
    [{}, "outside → external:80", "dnat external-cluster-policy: far near, masquerade"],
    [{}, "pod → balancer:80", "dnat external-cluster-policy: far near, masquerade"],
    [noDetector, "pod → node:30080", "dnat external-cluster-policy: far near, masquerade"],
    [internalLocal, "outside → external:80", "dnat external-cluster-policy: far near, masquerade"],
  ],
  "6 external Local from a Pod": [
    [externalLocal, "pod → external:80", "dnat external-from-pod: far near"],
    [externalLocal, "pod → balancer:80", "dnat external-from-pod: far near"],
    [externalLocal, "pod → node:30080", "dnat external-from-pod: far near"],
    [{ ...externalLocal, ...far }, "pod → balancer:80", "dnat external-from-pod: far"],
    [{ ...externalLocal, detector: "interface" }, "pod → balancer:80", "dnat external-from-pod: far near"],
  ],
  "7 external Local from the node": [
    [externalLocal, "node → external:80", "dnat external-from-node: far near, masquerade"],
    [externalLocal, "node → node:30080", "dnat external-from-node: far near, masquerade"],
    [{ ...externalLocal, ...far }, "node → balancer:80", "dnat external-from-node: far, masquerade"],
    [
      { ...externalLocal, ...noDetector },
      "node → balancer:80",
      "dnat external-from-node: far near, masquerade",
    ],
  ],
  "8 external Local from anyone else": [
    [externalLocal, "outside → external:80", "dnat external-local-policy: near"],
    [externalLocal, "outside → balancer:80", "dnat external-local-policy: near"],
    [externalLocal, "outside → node:30080", "dnat external-local-policy: near"],
    [{ ...externalLocal, ...noDetector }, "pod → balancer:80", "dnat external-local-policy: near"],
    [
      { ...externalLocal, endpoints: ["far", "near draining"] },
      "outside → node:30080",
      "dnat external-local-policy: near",
    ],
  ],
  "9 external Local from anyone else without a local endpoint": [
    [{ ...externalLocal, ...far }, "outside → external:80", "drop no-local-endpoints"],
    [{ ...externalLocal, ...far }, "outside → balancer:80", "drop no-local-endpoints"],
    [{ ...externalLocal, ...far }, "outside → node:30080", "drop no-local-endpoints"],
    [{ ...externalLocal, ...far, ...noDetector }, "pod → node:30080", "drop no-local-endpoints"],
  ],
  "10 cluster IP on another port": [
    [{}, "pod → cluster:81", "reject cluster-ip-without-port"],
    [{}, "outside → cluster:30080", "reject cluster-ip-without-port"],
    [nobody, "pod → cluster:81", "reject cluster-ip-without-port"],
  ],
  "11 unallocated cluster IP": [
    [{}, "pod → unallocated:80", "drop unallocated-cluster-ip"],
    [{}, "outside → unallocated:30080", "drop unallocated-cluster-ip"],
  ],
  "12 anything else": [
    [{}, "outside → node:80", "untouched no-service"],
    [{}, "outside → balancer:81", "untouched no-service"],
    [{}, "outside → external:30080", "untouched no-service"],
    [{}, "pod → far:80", "untouched no-service"],
    [{}, "pod → outside:80", "untouched no-service"],
  ],
  "node ports on chosen addresses": [
    [{}, "outside → nodeTwo:30080", "untouched no-service"],
    [
      { nodePortsOn: "nodeTwo" },
      "outside → nodeTwo:30080",
      "dnat external-cluster-policy: far near, masquerade",
    ],
    [{ nodePortsOn: "nodeTwo" }, "outside → node:30080", "untouched no-service"],
    [
      { nodePortsOn: "all-local" },
      "outside → node:30080",
      "dnat external-cluster-policy: far near, masquerade",
    ],
    [
      { nodePortsOn: "all-local" },
      "outside → nodeTwo:30080",
      "dnat external-cluster-policy: far near, masquerade",
    ],
    [{ nodePortsOn: "all-local" }, "outside → elsewhere:30080", "untouched no-service"],
    [{ nodePortsOn: "all-local" }, "node → loopback:30080", "untouched no-service"],
  ],
  hairpin: [
    [{ endpoints: ["near"] }, "near → cluster:80", "dnat cluster-ip: near(hairpin)"],
    [{}, "near → cluster:80", "dnat cluster-ip: far near(hairpin)"],
    [{}, "far → cluster:80", "dnat cluster-ip: far near"],
    [externalLocal, "near → balancer:80", "dnat external-from-pod: far near(hairpin)"],
  ],
};

function settingsOf(world: World, family: IPFamily): ProxySettings {
  const { pods, services } = networks[family];
  const { detector, nodePortsOn = "node" } = world;
  const other = networks[family === "IPv4" ? "IPv6" : "IPv4"].pods;
  const addresses = nodePortsOn === "all-local" ? nodePortsOn : [hosts[family][nodePortsOn]];
  return {
    ...plainSettings,
    masqueradeAll: world.masqueradeAll ?? false,
    localTraffic:
      detector === "none"
        ? { kind: "none" }
        : detector === "interface"
          ? { kind: "interface", name: "cni0" }
          : { kind: "networks", networks: [detector === undefined ? pods : other] },
    nodePortAddresses: { IPv4: addresses, IPv6: addresses },
    serviceCIDRs: [services],
  };
}

function plansOf(world: World, family: IPFamily, protocol: Protocol) {
  const at = hosts[family];
  const { endpoints = ["near", "far"], ranges } = world;
  const web = service("web", {
    type: "LoadBalancer",
    clusterIPs: [at.cluster],
    ports: [port("http", 80, protocol, 30080)],
    externalIPs: [at.external],
    loadBalancerIngress: [{ ip: at.balancer, hostname: "", ipMode: "VIP" }],
    loadBalancerSourceRanges: ranges === undefined ? [] : [networks[family][ranges]],
    ...world.policies,
  });
  const members = endpoints.map(text => {
    const [name, condition] = text.split(" ") as ["near" | "far", string?];
    return endpoint(at[name], {
      nodeName: name === "near" ? "n1" : "n2",
      isReady: condition === undefined,
      isServing: condition !== "unready",
      isTerminating: condition === "draining",
    });
  });
  const ports = [{ name: "http", protocol, port: 8080 }];
  const cluster = clusterOf(web, slice("web", members, { addressType: family, ports }));
  return planService(cluster, web, { name: "n1", zone: undefined, addresses: [at.node] });
}

function packetOf(text: string, family: IPFamily, protocol: Protocol): Packet {
  const [, source, destination, port] = /^(\w+) → (\w+):(\d+)$/.exec(text) as unknown as [
    string,
    Host,
    Host,
    string,
  ];
  const isOfNode = (host: Host) => ["node", "nodeTwo", "loopback", "balancer"].includes(host);
  const isPod = source === "pod" || source === "near";
  return {
    source: hosts[family][source],
    destination: hosts[family][destination],
    port: Number(port),
    protocol,
    from: isOfNode(source) ? "node" : isPod ? "pod" : "outside",
    isToNode: isOfNode(destination),
  };
}

function describeVerdict(world: World, text: string, family: IPFamily, protocol: Protocol): string {
  const packet = packetOf(text, family, protocol);
  const verdict = verdictFor(plansOf(world, family, protocol), settingsOf(world, family), packet);
  if (verdict.kind !== "dnat") return `${verdict.kind} ${verdict.rule}`;
  const names = verdict.endpoints.map(endpoint => {
    const isHairpin = !verdict.masquerade && isMasqueraded(verdict, endpoint, packet);
    return (endpoint.address === hosts[family].near ? "near" : "far") + (isHairpin ? "(hairpin)" : "");
  });
  return `dnat ${verdict.rule}: ${names.sort().join(" ")}${verdict.masquerade ? ", masquerade" : ""}`;
}

for (const [row, cases] of Object.entries(rows)) {
  describe(`verdict row ${row}`, () => {
    for (const [world, packet, expected] of cases) {
      test(`${packet} with ${JSON.stringify(world)} is ${expected}`, () => {
        for (const family of ["IPv4", "IPv6"] as const) {
          for (const protocol of ["TCP", "UDP", "SCTP"] as const) {
            assert.equal(describeVerdict(world, packet, family, protocol), expected, `${family} ${protocol}`);
          }
        }
      });
    }
  });
}
