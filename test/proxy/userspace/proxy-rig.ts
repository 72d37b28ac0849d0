/** A proxy over a store, servers behind it and clients before it, all on loopback and all ended with the test. */

import type { Socket as UdpSocket } from "node:dgram";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { TestContext } from "node:test";
import { pino } from "pino";
import type { ClusterStore } from "../../../src/cluster/store.ts";
import type { UserspaceProxyOptions } from "../../../src/proxy/userspace/userspace-proxy.ts";
import { UserspaceProxy } from "../../../src/proxy/userspace/userspace-proxy.ts";

export const log = pino({ level: "silent" });

/** Node ports are served on an address of the test's own, if at all. */
export async function startProxy(
  t: TestContext,
  cluster: ClusterStore,
  options: Partial<UserspaceProxyOptions> = {},
): Promise<UserspaceProxy> {
  const proxy = new UserspaceProxy({ cluster, log, nodePortAddresses: [], ...options });
  t.after(() => proxy.stop());
  await proxy.ready();
  return proxy;
}

/** `kind address port→servedPort state` of every way in. */
export function table(proxy: UserspaceProxy): string[] {
  return proxy.waysIn().map(way => `${way.kind} ${way.address} ${way.port}→${way.servedPort} ${way.state}`);
}

/** Port 8080 is the one that slices name unless they say otherwise. */
export async function startServer(
  t: TestContext,
  address: string,
  serve: (socket: Socket) => void,
  port = 8080,
): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, socket => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(port, address);
  await once(server, "listening");
  return server;
}

/** A server that says its name and hangs up. */
export function startNamedServer(t: TestContext, address: string, name: string): Promise<Server> {
  return startServer(t, address, socket => socket.resume().end(name));
}

/** Connects, sends, half-closes, and resolves with all that comes back. Rejects with the socket's error. */
export async function exchange(
  address: string,
  port: number,
  { send = "", from }: { readonly send?: string | Buffer; readonly from?: string } = {},
): Promise<string> {
  const socket = connect({
    host: address,
    port,
    allowHalfOpen: true,
    ...(from === undefined ? {} : { localAddress: from }),
  });
  socket.end(send);
  return (await readAll(socket)).toString();
}

export async function connectTo(t: TestContext, address: string, port: number): Promise<Socket> {
  const socket = connect({ host: address, port, allowHalfOpen: true });
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** Until the other side has ended; this side stays open. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function readBytes(socket: Socket, count: number): Promise<string> {
  while (socket.readableLength < count) await once(socket, "readable");
  return String(socket.read(count));
}

/** The code of the error with which a promise rejects; "none" if it does not. */
export function errorCode(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    error => error.code,
  );
}

export interface Datagram {
  readonly text: string;
  readonly from: string;
}

/** A UDP socket with what it received, in order. */
export interface UdpPeer {
  readonly socket: UdpSocket;
  readonly received: readonly Datagram[];
  /** The next datagram that nobody has taken yet. */
  take(): Promise<Datagram>;
}

/** Bound to the address; `reply` makes it a server. */
export async function startUdp(
  t: TestContext,
  address: string,
  { port = 0, reply }: { readonly port?: number; readonly reply?: (text: string) => string } = {},
): Promise<UdpPeer> {
  const socket = createSocket("udp4");
  const received: Datagram[] = [];
  let taken = 0;
  socket.on("message", (data, client) => {
    received.push({ text: data.toString(), from: `${client.address}:${client.port}` });
    if (reply !== undefined) socket.send(reply(data.toString()), client.port, client.address);
  });
  socket.bind(port, address);
  let isClosed = false;
  socket.once("close", () => {
    isClosed = true;
  });
  t.after(() => isClosed || socket.close());
  await once(socket, "listening");
  const take = async (): Promise<Datagram> => {
    const index = taken++;
    while (received[index] === undefined) await once(socket, "message");
    return received[index];
  };
  return { socket, received, take };
}
