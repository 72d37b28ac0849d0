/** A UDP listener of either kind in this process, and clients that ask it. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { loadSystemCalls, type SystemCalls } from "../../../src/dns/server/datagrams/system-calls.ts";
import type { ListenOptions, UDPKind, UDPListener } from "../../../src/dns/server/listener.ts";
import type { Respond } from "../../../src/dns/server/responder.ts";
import { listenBatched } from "../../../src/dns/server/udp-batched.ts";
import { listenPortable } from "../../../src/dns/server/udp-portable.ts";
import { type ServerAddress, UdpClient } from "../../support/dns-client.ts";
import { ownAddress } from "../../support/own-address.ts";

export const hasIPv6 = Object.values(networkInterfaces()).some(list =>
  list?.some(({ address }) => address === "::1"),
);

/** Kinds that this machine can have. */
export const kinds: readonly UDPKind[] =
  process.platform === "linux" ? ["batched", "portable"] : ["portable"];

/** The query again, as a reply. */
export const echo: Respond = query => {
  const reply = Buffer.from(query);
  if (reply.length > 2) reply.writeUInt8(reply.readUInt8(2) | 0x80, 2);
  return reply;
};

export interface RigOptions extends Partial<ListenOptions> {
  /** Instead of the machine's own. */
  readonly calls?: SystemCalls;
  readonly onLogLine?: (line: Record<string, unknown>) => void;
}

/** On a free port of an address of this process, answering with an echo. */
export async function open(kind: UDPKind, options: RigOptions = {}): Promise<UDPListener> {
  const { calls, onLogLine = () => {}, ...rest } = options;
  const log = pino({ level: "debug", base: null }, { write: (line: string) => onLogLine(JSON.parse(line)) });
  const all: ListenOptions = {
    ...{ address: ownAddress, port: 0, respond: echo, shortcut: undefined, log },
    ...rest,
  };
  if (kind === "portable") return listenPortable(all);
  return listenBatched(calls ?? (await loadSystemCalls()), all);
}

/** As `open`, and closed at the end of the test. */
export async function listen(
  context: TestContext,
  kind: UDPKind,
  options: RigOptions = {},
): Promise<UDPListener> {
  const listener = await open(kind, options);
  context.after(() => listener.close());
  return listener;
}

export function serverOf({ address, port }: UDPListener): ServerAddress {
  return { host: address, port };
}

export async function client(context: TestContext, server: ServerAddress): Promise<UdpClient> {
  const one = await UdpClient.open(server);
  context.after(() => one.close());
  return one;
}

/** `sizeBytes` octets that begin with this number and look like no other query's. */
export function query(number: number, sizeBytes = 40): Buffer {
  const octets = Buffer.alloc(sizeBytes, number % 251);
  octets.writeUInt16BE(number, 0);
  octets[2] = 0x01;
  return octets;
}

/** What `echo` makes of it. */
export function replyTo(octets: Buffer): Buffer {
  return echo(octets, undefined as never) as Buffer;
}

/** Takes this many replies, and gives them in the order of the numbers they begin with. */
export async function receiveAll(from: UdpClient, count: number): Promise<readonly Buffer[]> {
  const replies: Buffer[] = [];
  for (let index = 0; index < count; index++) replies.push(await from.receive());
  return replies.sort((a, b) => a.readUInt16BE() - b.readUInt16BE());
}

/** Sends datagrams to a server and resolves when the kernel has them all: they are on the server's socket by then. */
export async function sendFrom(
  context: TestContext,
  { host, port }: ServerAddress,
  datagrams: readonly Buffer[],
): Promise<{ readonly replies: readonly Buffer[]; received(count: number): Promise<void> }> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  const replies: Buffer[] = [];
  socket.on("message", reply => replies.push(reply));
  socket.connect(port, host);
  await once(socket, "connect");
  context.after(() => socket.close());
  await Promise.all(
    datagrams.map(
      datagram => new Promise<void>((done, fail) => socket.send(datagram, e => (e ? fail(e) : done()))),
    ),
  );
  return {
    replies,
    async received(count) {
      while (replies.length < count) await once(socket, "message", { signal: AbortSignal.timeout(5_000) });
    },
  };
}
