/** Two nodes and a client on one Ethernet segment, each a network namespace of its own, and an API server beside it. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { TestApiServer } from "../../support/api-server.ts";
import type { NodeOrder } from "./node-process.ts";

export const nodeNames = ["n1", "n2"] as const;
export type NodeName = (typeof nodeNames)[number];
const places = [...nodeNames, "client"] as const;
type Place = (typeof places)[number];

export const pool = "192.0.2.200-192.0.2.220,fd01::200-fd01::220";
const numbers: Readonly<Record<Place, number>> = { n1: 1, n2: 2, client: 9 };

/** Why there is no segment here; false: there is. */
export function segmentMissing(): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  if (spawnSync("ip", ["-V"]).error !== undefined) return "needs ip";
  const probe = `frontdesk-lb-${process.pid}-probe`;
  spawnSync("ip", ["netns", "add", probe]);
  const { status } = spawnSync("ip", ["-n", probe, "link", "add", "probe", "type", "bridge"]);
  spawnSync("ip", ["netns", "del", probe]);
  return status === 0 ? false : "needs bridges in the kernel";
}

export class Segment implements AsyncDisposable {
  readonly api: TestApiServer;
  readonly #relay: Server;
  readonly #socketPath = join(tmpdir(), `frontdesk-lb-${process.pid}.sock`);
  readonly #processes = new Map<NodeName, ChildProcess>();

  private constructor(api: TestApiServer) {
    this.api = api;
    // Sockets of the file system are the same in all network namespaces.
    this.#relay = createServer(socket => {
      const upstream = connect(Number(new URL(api.url).port), "127.0.0.1");
      for (const one of [socket, upstream]) one.on("error", () => {});
      socket.pipe(upstream).pipe(socket);
      socket.once("close", () => upstream.destroy());
      upstream.once("close", () => socket.destroy());
    });
  }

  static async open(): Promise<Segment> {
    const segment = new Segment(await TestApiServer.start());
    try {
      build();
      segment.#relay.listen(segment.#socketPath);
      await once(segment.#relay, "listening");
      for (const name of nodeNames) {
        const addresses = nodeAddressesOf(name).map(address => ({ type: "InternalIP", address }));
        segment.api.put({ kind: "Node", metadata: { name }, status: { addresses } });
      }
      return segment;
    } catch (error) {
      await segment[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the load balancer of a node, and a server on its port 80 that tells who answers. */
  async start(name: NodeName): Promise<void> {
    const file = fileURLToPath(new URL("node-process.ts", import.meta.url));
    const order: NodeOrder = { nodeName: name, pool, socketPath: this.#socketPath };
    const command = ["netns", "exec", namespaceOf(name), process.execPath, file, JSON.stringify(order)];
    const child = spawn("ip", command, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#processes.set(name, child);
    await once(child, "message");
  }

  /** SIGTERM lets it say goodbye, SIGKILL does not. */
  async end(name: NodeName, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#processes.get(name);
    this.#processes.delete(name);
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** As if the cable were pulled, or put back. */
  setCable(name: NodeName, state: "up" | "down"): void {
    ip("switch", `link set ${name} ${state}`);
  }

  /** Who answers the client at an address; undefined when nobody does for a second. */
  async whoAnswers(address: string): Promise<string | undefined> {
    const text = await outputOf("client", `busybox nc -w 1 ${address} 80 </dev/null`);
    return text.trim() || undefined;
  }

  /** The node whose hardware address the client has for an address, without asking anybody. */
  neighbour(address: string): NodeName | undefined {
    const text = run("ip", ["-n", namespaceOf("client"), "neigh", "show", address]);
    const hardware = /lladdr (\S+)/.exec(text)?.[1];
    return nodeNames.find(name => hardwareAddressOf(name) === hardware);
  }

  /** Of the pool, as they stand on a node's interface. */
  addressesOn(name: NodeName): readonly string[] {
    const text = run("ip", ["-n", namespaceOf(name), "-o", "address", "show", "dev", "eth0"]);
    return [...text.matchAll(/(192\.0\.2\.2\d\d|fd01::2[0-9a-f]{2})\//g)].map(([, address = ""]) => address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(nodeNames.map(name => this.end(name, "SIGKILL")));
    this.#relay.close();
    rmSync(this.#socketPath, { force: true });
    for (const place of [...places, "switch"]) spawnSync("ip", ["netns", "del", namespaceOf(place)]);
    await this.api.close();
  }
}

/** Resolves with what `look` finds, and how long that took; rejects when it is not found in time. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  limitMs: number,
): Promise<{ readonly found: T; readonly afterMs: number }> {
  const startedAtMs = performance.now();
  for (;;) {
    const found = await look();
    const afterMs = performance.now() - startedAtMs;
    if (found !== undefined) return { found, afterMs };
    if (afterMs > limitMs) throw new Error(`not found within ${limitMs} ms: ${look}`);
    await delay(20);
  }
}

export function nodeAddressesOf(name: NodeName): readonly string[] {
  return [`192.0.2.${numbers[name]}`, `fd01::${numbers[name]}`];
}

function build(): void {
  for (const place of [...places, "switch"]) {
    run("ip", ["netns", "add", namespaceOf(place)]);
    ip(place, "link set lo up");
  }
  ip("switch", "link add bridge type bridge");
  ip("switch", "link set bridge up");
  for (const place of places) {
    ip("switch", `link add ${place} type veth peer name eth0 netns ${namespaceOf(place)}`);
    ip("switch", `link set ${place} master bridge up`);
    ip(place, "link set eth0 up");
    ip(place, `address add 192.0.2.${numbers[place]}/24 dev eth0`);
    ip(place, `address add fd01::${numbers[place]}/64 dev eth0 nodad`);
  }
}

function namespaceOf(place: Place | "switch" | string): string {
  return `frontdesk-lb-${process.pid}-${place}`;
}

function hardwareAddressOf(name: NodeName): string {
  const [link] = JSON.parse(run("ip", ["-n", namespaceOf(name), "-json", "link", "show", "eth0"]));
  return link.address;
}

function ip(place: Place | "switch" | string, command: string): void {
  run("ip", ["-n", namespaceOf(place), ...command.split(" ")]);
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function outputOf(place: Place, script: string): Promise<string> {
  const child = spawn("ip", ["netns", "exec", namespaceOf(place), "sh", "-c", script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "close");
  const text = (await child.stdout.setEncoding("utf8").toArray()).join("");
  await ended;
  return text;
}
