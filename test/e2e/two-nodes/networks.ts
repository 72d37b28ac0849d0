/**
 * Network namespaces in which packets take the ways of a cluster: two nodes, the outside and the control plane on one
 * LAN, each node with two Pods behind it. Nothing is masqueraded but by the proxies, so that what a server sees is their doing.
 */

import { spawnSync } from "node:child_process";
import type { NodeName, Place } from "./addresses.ts";
import { addressesOf, families, nodeOf, nodes, pods } from "./addresses.ts";

/** Namespaces besides the places: the LAN's bridge and the API server's host. */
type Room = Place | "lan" | "control-plane";

const onLan = ["node1", "node2", "outside", "control-plane"] as const;
const rooms: readonly Room[] = ["lan", ...onLan, ...pods];

/** Why there is no laboratory here; false: there is. */
export function laboratoryMissing(): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  const absent = ["nft", "ip", "conntrack"].filter(
    tool => spawnSync(tool, ["--version"]).error !== undefined,
  );
  return absent.length === 0 ? false : `needs ${absent.join(" and ")}`;
}

/** Words that make a command run there. */
export function within(room: Room): readonly string[] {
  return ["ip", "netns", "exec", namespaceOf(room)];
}

export function buildNetworks(): void {
  for (const room of rooms) makeRoom(room);
  ip("lan", "link add lan type bridge");
  ip("lan", "link set lan up");
  for (const room of onLan) {
    joinRooms("lan", room);
    ip("lan", `link set ${room} master lan`);
  }
  for (const pod of pods) joinRooms(nodeOf(pod), pod);
  for (const node of nodes) prepareNode(node);
  for (const family of families) {
    assignLan(family);
    assignPods(family);
    route(family);
  }
}

export function removeNetworks(): void {
  for (const room of rooms) spawnSync("ip", ["netns", "del", namespaceOf(room)]);
}

/** Its output. */
export function run([program = "", ...args]: readonly string[], input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", input });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

function namespaceOf(room: Room): string {
  return `frontdesk-two-${process.pid}-${room}`;
}

function ip(room: Room, command: string): void {
  run(["ip", "-n", namespaceOf(room), ...command.split(" ")]);
}

function makeRoom(room: Room): void {
  run(["ip", "netns", "add", namespaceOf(room)]);
  ip(room, "link set lo up");
  // Nobody else can have our addresses, and to look for them takes seconds.
  for (const scope of ["all", "default"]) setKernel(room, `ipv6.conf.${scope}.accept_dad=0`);
}

/** Some older kernels have one value for all namespaces, out of reach from within. */
function setKernel(room: Room, setting: string): void {
  run([...within(room), "sysctl", "-qew", `net.${setting}`]);
}

/** The interface is named after the room to which it leads; on the other side it is `eth0`. */
function joinRooms(inner: Room, outer: Room): void {
  ip(inner, `link add ${outer} type veth peer name eth0 netns ${namespaceOf(outer)}`);
  ip(inner, `link set ${outer} up`);
  ip(outer, "link set eth0 up");
}

function prepareNode(node: NodeName): void {
  for (const setting of ["ipv4.ip_forward=1", "ipv6.conf.all.forwarding=1"]) setKernel(node, setting);
  // Linux tells of unreachable ports so seldom that tests would take it for silence.
  limitErrors(node, 0);
  for (const setting of ["per_sec", "burst"]) setKernel(node, `ipv4.icmp_msgs_${setting}=100000`);
}

/** The node sends anybody an ICMP error only so often; Linux's own pause is 1000 ms. */
export function limitErrors(node: NodeName, pauseMs: number): void {
  for (const name of ["ipv4.icmp_ratelimit", "ipv6.icmp.ratelimit"]) setKernel(node, `${name}=${pauseMs}`);
}

function addAddress(room: Room, address: string, bits: number, device: string): void {
  ip(room, `address add ${address}/${bits} dev ${device}${address.includes(":") ? " nodad" : ""}`);
}

function assignLan(family: (typeof families)[number]): void {
  const { nodes: nodeAddresses, outside, elsewhere, controlPlane, lanBits, podBits } = addressesOf[family];
  for (const node of nodes) addAddress(node, nodeAddresses[node], lanBits, "eth0");
  for (const address of outside) addAddress("outside", address, lanBits, "eth0");
  addAddress("outside", elsewhere, podBits, "lo");
  addAddress("control-plane", controlPlane, lanBits, "eth0");
}

/** Pods have single addresses and reach even each other by the node, as with most network plugins. */
function assignPods(family: (typeof families)[number]): void {
  const { pods: podAddresses, gateways, podBits } = addressesOf[family];
  for (const pod of pods) {
    const [node, address] = [nodeOf(pod), podAddresses[pod]];
    addAddress(pod, address, podBits, "eth0");
    addAddress(node, gateways[node], podBits, pod);
    ip(pod, `route add ${gateways[node]} dev eth0`);
    ip(pod, `route add default via ${gateways[node]}`);
    ip(node, `route add ${address} dev ${pod}`);
  }
}

/** The outside is everybody's way out, and knows a way to Services only as a user would set one. */
function route(family: (typeof families)[number]): void {
  const own = addressesOf[family];
  for (const node of nodes) {
    const other = node === "node1" ? "node2" : "node1";
    ip(node, `route add default via ${own.outside[0]}`);
    ip(node, `route add ${own.podNetworkOf[other]} via ${own.nodes[other]}`);
    for (const network of [own.externalNetworkOf[node], own.podNetworkOf[node]]) {
      ip("outside", `route add ${network} via ${own.nodes[node]}`);
    }
  }
  ip("outside", `route add ${own.serviceNetwork} via ${own.nodes.node1}`);
}
