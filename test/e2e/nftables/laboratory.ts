/** A node, Pods behind it, a Pod of another node and the outside before it: each a network namespace of its own. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { Answer, ConnectOrder, Order, Outcome, ServeOrder } from "./agent.ts";

const places = ["node", "pod-a", "pod-b", "pod-c", "remote", "outside"] as const;
/** Also the name of the node's interface that leads there. */
export type Place = (typeof places)[number];

/** Addresses of one family. */
export interface Addresses {
  readonly node: string;
  /** The node's, on the side of the Pods. */
  readonly gateway: string;
  readonly podA: string;
  readonly podB: string;
  readonly podC: string;
  readonly remotePod: string;
  /** The outside's, the last of them in the network of the Pods. */
  readonly clients: readonly [string, string, string];
  readonly podNetwork: string;
  readonly serviceNetwork: string;
  readonly externalNetwork: string;
  /** Address number `n` of the network of cluster IPs, or of that of external ones. */
  readonly clusterIP: (n: number) => string;
  readonly externalIP: (n: number) => string;
}

export const addressesOf: Readonly<Record<IPFamily, Addresses>> = {
  IPv4: {
    node: "192.0.2.1",
    gateway: "10.244.1.1",
    podA: "10.244.1.2",
    podB: "10.244.1.3",
    podC: "10.244.1.4",
    remotePod: "10.244.9.2",
    clients: ["192.0.2.2", "192.0.2.3", "10.244.8.2"],
    podNetwork: "10.244.0.0/16",
    serviceNetwork: "10.96.0.0/16",
    externalNetwork: "198.51.100.0/24",
    clusterIP: n => `10.96.0.${n}`,
    externalIP: n => `198.51.100.${n}`,
  },
  IPv6: {
    node: "fd01::1",
    gateway: "fd44:1::1",
    podA: "fd44:1::2",
    podB: "fd44:1::3",
    podC: "fd44:1::4",
    remotePod: "fd44:9::2",
    clients: ["fd01::2", "fd01::3", "fd44:8::2"],
    podNetwork: "fd44::/16",
    serviceNetwork: "fd96::/64",
    externalNetwork: "fd98::/64",
    clusterIP: n => `fd96::${n.toString(16)}`,
    externalIP: n => `fd98::${n.toString(16)}`,
  },
};

/** Why there is no laboratory here; false: there is. */
export function laboratoryMissing(): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  const hasTools = ["nft", "ip"].every(tool => spawnSync(tool, ["-V"]).error === undefined);
  return hasTools ? false : "needs nft and ip";
}

export class Laboratory implements AsyncDisposable {
  readonly #agents = new Map<Place, Agent>();

  private constructor() {}

  static async open(): Promise<Laboratory> {
    const laboratory = new Laboratory();
    try {
      laboratory.#build();
      for (const place of places) laboratory.#agents.set(place, new Agent(namespaceOf(place)));
      return laboratory;
    } catch (error) {
      await laboratory[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Words that make a command run on the node. */
  get onNode(): readonly string[] {
    return ["ip", "netns", "exec", namespaceOf("node")];
  }

  /** Output of a command that is run on the node. */
  nodeOutput(...command: readonly string[]): string {
    return run([...this.onNode, ...command]);
  }

  serve(place: Place, order: Omit<ServeOrder, "kind">): Promise<unknown> {
    return this.#agent(place).ask({ kind: "serve", ...order });
  }

  async connect(place: Place, order: Omit<ConnectOrder, "kind">): Promise<Outcome> {
    const outcome = await this.#agent(place).ask({ kind: "connect", ...order });
    if (outcome === undefined) throw new Error("The agent said nothing of the connection.");
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#agents.values()].map(agent => agent.end()));
    for (const place of places) spawnSync("ip", ["netns", "del", namespaceOf(place)]);
  }

  #agent(place: Place): Agent {
    const agent = this.#agents.get(place);
    if (agent === undefined) throw new Error(`Nobody is at ${place}.`);
    return agent;
  }

  #build(): void {
    for (const place of places) {
      run(["ip", "netns", "add", namespaceOf(place)]);
      ip(place, "link set lo up");
      // Nobody else can have our addresses, and to look for them takes seconds.
      for (const scope of ["all", "default"]) setKernel(place, `ipv6.conf.${scope}.accept_dad=0`);
    }
    for (const setting of ["ipv4.ip_forward=1", "ipv6.conf.all.forwarding=1"]) setKernel("node", setting);
    // Linux tells of unreachable ports so seldom that tests would take it for silence.
    for (const setting of ["ipv4.icmp_ratelimit=0", "ipv6.icmp.ratelimit=0"]) setKernel("node", setting);
    for (const setting of ["per_sec", "burst"]) setKernel("node", `ipv4.icmp_msgs_${setting}=100000`);
    for (const place of places) if (place !== "node") this.#connectToNode(place);
    for (const family of ["IPv4", "IPv6"] as const) assign(family);
  }

  #connectToNode(place: Place): void {
    ip("node", `link add ${place} type veth peer name eth0 netns ${namespaceOf(place)}`);
    ip("node", `link set ${place} up`);
    ip(place, "link set eth0 up");
  }
}

function namespaceOf(place: Place): string {
  return `frontdesk-${process.pid}-${place}`;
}

/** Some older kernels have one value for all namespaces, out of reach from within. */
function setKernel(place: Place, setting: string): void {
  run(["ip", "netns", "exec", namespaceOf(place), "sysctl", "-qew", `net.${setting}`]);
}

function ip(place: Place, command: string): void {
  run(["ip", "-n", namespaceOf(place), ...command.split(" ")]);
}

/** Pods have single addresses and reach even each other by the node, as with most network plugins. */
function assign(family: IPFamily): void {
  const own = addressesOf[family];
  const [bits, single, noDelay] = family === "IPv4" ? [24, 32, ""] : [64, 128, " nodad"];
  const add = (place: Place, address: string, device: string, length: number) =>
    ip(place, `address add ${address}/${length} dev ${device}${noDelay}`);
  const pods = { "pod-a": own.podA, "pod-b": own.podB, "pod-c": own.podC, remote: own.remotePod } as const;
  add("node", own.node, "outside", bits);
  for (const [place, address] of Object.entries(pods) as [Place, string][]) {
    add(place, address, "eth0", single);
    add("node", own.gateway, place, single);
    ip(place, `route add ${own.gateway} dev eth0`);
    ip(place, `route add default via ${own.gateway}`);
    ip("node", `route add ${address} dev ${place}`);
  }
  const [router, client, podOfAnotherNode] = own.clients;
  for (const address of [router, client]) add("outside", address, "eth0", bits);
  add("outside", podOfAnotherNode, "lo", single);
  ip("outside", `route add default via ${own.node}`);
  ip("node", `route add default via ${router}`);
}

class Agent {
  readonly #child;
  readonly #waiting = new Map<number, (outcome: Outcome | undefined) => void>();
  #number = 0;

  constructor(namespace: string) {
    const file = fileURLToPath(new URL("agent.ts", import.meta.url));
    this.#child = spawn("ip", ["netns", "exec", namespace, process.execPath, file], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child.on("message", ({ id, outcome }: Answer) => {
      this.#waiting.get(id)?.(outcome);
      this.#waiting.delete(id);
    });
  }

  ask(order: ServeOrder | ConnectOrder): Promise<Outcome | undefined> {
    const id = ++this.#number;
    this.#child.send({ id, ...order } satisfies Order);
    return new Promise(resolve => this.#waiting.set(id, resolve));
  }

  async end(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}

function run([program = "", ...args]: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}
