/**
 * One configuration served four times in this process, over one cluster and with one clock: by each of the UDP
 * listeners, with replies that are ready and without. Addresses are "shuffled" with the same number each time, so that
 * replies can be compared octet for octet.
 */

import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { loadText } from "../../../src/cli/corefile-source.ts";
import { createNameService } from "../../../src/cli/name-service.ts";
import type { ClusterStore } from "../../../src/cluster/store.ts";
import { AnswerShortcut } from "../../../src/dns/server/answer-shortcut.ts";
import type { DNSServer } from "../../../src/dns/server/dns-server.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { ownAddress } from "../../support/own-address.ts";
import { kinds } from "./udp-rig.ts";

/** Two servers where batches cannot be had. */
const ways = kinds.flatMap(udp => ["off", "on"].map(shortcut => ({ udp, shortcut })));

interface OneServer {
  /** `portable off` */
  readonly name: string;
  readonly server: DNSServer;
  readonly port: number;
  readonly metrics: Metrics;
  readonly logLines: string[];
}

export interface FourServersOptions {
  /** `bind` is that word with the address of the server. */
  readonly corefile: (bind: string) => string;
  /** In the folder of the Corefile. */
  readonly files?: Readonly<Record<string, string>>;
  readonly store: ClusterStore;
  /** Whether the Corefile lets queries go without a reply. Nobody waits for an upstream then. */
  readonly dropsQueries?: boolean;
}

/** Addresses of clients. */
export const clientAddresses = ["127.0.0.1", "127.0.0.2"] as const;

/** A datagram of each must fit into the client's socket while nobody reads it. */
const queriesAtOnce = 24;
const replyTimeoutMs = 10_000;

/** Always answered at once, in the order in which it came: opcode STATUS, which is not served. */
const lastId = 0xffff;
const lastQuery = buildQuery(". A", { id: lastId, opcode: 2 });

export class FourServers {
  /** Queries that were answered with replies that were ready. */
  hits = 0;
  /** Move it by hand. */
  nowMs = 1_000_000;
  readonly #servers: OneServer[] = [];
  readonly #clients: Socket[] = [];
  readonly #dropsQueries: boolean;

  private constructor(dropsQueries: boolean) {
    this.#dropsQueries = dropsQueries;
  }

  static async start(context: TestContext, options: FourServersOptions): Promise<FourServers> {
    const four = new FourServers(options.dropsQueries ?? false);
    context.mock.method(performance, "now", () => four.nowMs);
    context.mock.method(Math, "random", () => 0.4);
    four.#countHits(context);
    context.after(() => four.#close());
    const directory = await mkdtemp(join(tmpdir(), "frontdesk-four-"));
    context.after(() => rm(directory, { recursive: true }));
    for (const [name, content] of Object.entries(options.files ?? {}))
      await writeFile(join(directory, name), content);
    for (const way of ways) four.#servers.push(await startServer(way, directory, options));
    for (const address of clientAddresses) {
      const client = createSocket("udp4").bind(0, address);
      await once(client, "listening");
      four.#clients.push(client);
    }
    return four;
  }

  /** Asserts that all four give each query the same reply, or none. */
  async assertAlike(queries: readonly Buffer[]): Promise<void> {
    for (const [index, chunk] of chunksOf(queries).entries()) await this.#assertChunkAlike(chunk, index % 2);
  }

  /** Asserts that all four have counted and logged the same. */
  async assertCountedAlike(): Promise<void> {
    const [first, ...others] = await Promise.all(this.#servers.map(countsOf));
    for (const other of others) assert.deepEqual(other, first);
  }

  async #assertChunkAlike(queries: readonly Buffer[], clientIndex: number): Promise<void> {
    const client = this.#clients[clientIndex] as Socket;
    const [first, ...others] = this.#servers as [OneServer, ...OneServer[]];
    const expected = await this.#ask(client, first, queries);
    for (const other of others) {
      const given = await this.#ask(client, other, queries);
      for (const [index, query] of queries.entries()) {
        if (given.get(index) === expected.get(index)) continue;
        const told = `${other.name} answers otherwise than ${first.name}: ${printed(query)}`;
        assert.fail(`${told}\n+ ${given.get(index)}\n- ${expected.get(index)}`);
      }
    }
  }

  /** Replies in hexadecimal, by the query's place in the list. */
  async #ask(
    client: Socket,
    { name, port }: OneServer,
    queries: readonly Buffer[],
  ): Promise<ReadonlyMap<number, string>> {
    const replies = new Map<number, string>();
    const missing = new Set([lastId, ...queries.keys().filter(id => this.#getsReply(queries[id]))]);
    const { promise: complete, resolve, reject } = Promise.withResolvers<void>();
    const take = (reply: Buffer) => {
      const id = reply.readUInt16BE(0);
      replies.set(id, reply.toString("hex"));
      missing.delete(id);
      if (missing.size === 0) resolve();
    };
    const giveUp = () =>
      reject(new Error(`${name} has not answered ${[...missing].map(id => printed(queries[id]))}`));
    const timer = setTimeout(giveUp, replyTimeoutMs);
    client.on("message", take);
    for (const [id, query] of queries.entries()) client.send(withId(query, id), port, ownAddress);
    client.send(lastQuery, port, ownAddress);
    try {
      await complete;
    } finally {
      clearTimeout(timer);
      client.off("message", take);
    }
    return replies;
  }

  /** RFC 1035 §4.1.1: what is no whole header, or is itself a reply, is answered by nobody. */
  #getsReply(query: Buffer = Buffer.of()): boolean {
    return !this.#dropsQueries && query.length >= 12 && (query.readUInt16BE(2) & 0x8000) === 0;
  }

  #countHits(context: TestContext): void {
    const { answer } = AnswerShortcut.prototype;
    const four = this;
    context.mock.method(
      AnswerShortcut.prototype,
      "answer",
      function counted(this: AnswerShortcut, ...parts: Parameters<typeof answer>) {
        const size = answer.apply(this, parts);
        if (size > 0) four.hits += 1;
        return size;
      },
    );
  }

  async #close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all(this.#servers.map(({ server }) => server.close()));
  }
}

async function startServer(
  { udp, shortcut }: (typeof ways)[number],
  directory: string,
  { corefile, store }: FourServersOptions,
): Promise<OneServer> {
  const metrics = new Metrics({ version: "1", revision: "" });
  const logLines: string[] = [];
  const open = { cluster: store, missing: () => [], synced: Promise.resolve(), close: () => {} };
  const server = withEnvironment({ FRONTDESK_UDP: udp, FRONTDESK_SHORTCUT: shortcut }, () =>
    createNameService({
      ...{ defaultPort: 0, metrics, log: pino({}, { write: () => {} }) },
      writeLogLine: line => logLines.push(line),
      openCluster: async () => open,
    }),
  );
  const { plan } = loadText(join(directory, "Corefile"), corefile(`bind ${ownAddress}`), 0);
  const errors = plan.findings.filter(({ severity }) => severity === "error");
  assert.deepEqual(errors, [], "the Corefile has no mistakes");
  await server.apply(plan);
  const [listener] = server.listeners;
  assert.equal(listener?.udpKind, udp);
  return { name: `${udp} ${shortcut}`, server, port: listener?.port ?? 0, metrics, logLines };
}

function withEnvironment<Value>(variables: Readonly<Record<string, string>>, run: () => Value): Value {
  const before = Object.keys(variables).map(name => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return run();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/**
 * In their order; none has two queries that may lead to the same question to an upstream: what these make of each other
 * depends on which is first.
 */
function chunksOf(queries: readonly Buffer[]): readonly (readonly Buffer[])[] {
  const chunks: Buffer[][] = [];
  let asked = new Set<string>();
  for (const query of queries) {
    const key = upstreamKeyOf(query);
    const chunk = chunks.at(-1);
    if (chunk === undefined || chunk.length === queriesAtOnce || asked.has(key)) {
      chunks.push([query]);
      asked = new Set();
    } else chunk.push(query);
    asked.add(key);
  }
  return chunks;
}

/** Of names that an upstream knows the first label, which is theirs alone, whatever the rest is rewritten to. */
function upstreamKeyOf(query: Buffer): string {
  const text = query.toString("latin1", 12).toLowerCase();
  return text.includes("example") ? text.slice(0, 1 + text.charCodeAt(0)) : text;
}

function printed(query: Buffer = Buffer.of()): string {
  return `${query.toString("latin1", 12).replaceAll(/[^ -~]/g, ".")} = ${query.toString("hex")}`;
}

function withId(query: Buffer, id: number): Buffer {
  const copy = Buffer.from(query);
  copy.set(Buffer.of(id >> 8, id & 255).subarray(0, copy.length));
  return copy;
}

/** What does not tell of time, of connections to upstreams or of the listener. */
async function countsOf({ metrics, logLines }: OneServer): Promise<readonly string[]> {
  const { body } = await metrics.scrape();
  const lines = body
    .split("\n")
    .filter(
      line => /^coredns_/.test(line) && !/duration_seconds_(?:sum|bucket)|conn_cache|timestamp/.test(line),
    );
  const texts = logLines.map(line => line.replace(/ [\d.e-]+s$/, ""));
  return [...lines.toSorted(), ...texts.toSorted()];
}
