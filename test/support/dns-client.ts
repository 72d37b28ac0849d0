/** A DNS client on bare sockets: what goes out and what comes back are the caller's octets. */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket as TcpSocket } from "node:net";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

const defaultTimeoutMs = 3_000;

/** Sends one datagram and resolves with the first one that comes back; rejects after `timeoutMs`. */
export async function exchangeUdp(
  server: ServerAddress,
  query: Buffer,
  timeoutMs = defaultTimeoutMs,
): Promise<Buffer> {
  const client = await UdpClient.open(server);
  try {
    client.send(query);
    return await client.receive(timeoutMs);
  } finally {
    client.close();
  }
}

/** Sends one length-prefixed message on a new connection and resolves with the first one that comes back. */
export async function exchangeTcp(
  server: ServerAddress,
  query: Buffer,
  timeoutMs = defaultTimeoutMs,
): Promise<Buffer> {
  const client = await TcpClient.open(server);
  try {
    client.write(frame(query));
    return await client.receive(timeoutMs);
  } finally {
    client.destroy();
  }
}

/** RFC 1035 §4.2.2: a message with its two octets of length in front. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** One connected UDP socket; datagrams are handed out in order of arrival. */
export class UdpClient {
  readonly #socket: UdpSocket;
  readonly #inbox = new Inbox();

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
    socket.on("message", datagram => this.#inbox.put(datagram));
    socket.on("error", error => this.#inbox.fail(error));
  }

  static async open(server: ServerAddress): Promise<UdpClient> {
    const socket = createSocket(server.host.includes(":") ? "udp6" : "udp4");
    socket.connect(server.port, server.host);
    await once(socket, "connect");
    return new UdpClient(socket);
  }

  send(datagram: Buffer): void {
    this.#socket.send(datagram);
  }

  receive(timeoutMs = defaultTimeoutMs): Promise<Buffer> {
    return this.#inbox.take(timeoutMs);
  }

  /** Datagrams that have come and nobody took. */
  get unreadCount(): number {
    return this.#inbox.length;
  }

  close(): void {
    this.#socket.close();
  }
}

/** One TCP connection; the caller writes raw octets, messages come back without their length prefix. */
export class TcpClient {
  readonly #socket: TcpSocket;
  readonly #inbox = new Inbox();
  #pending: Buffer = Buffer.alloc(0);
  /** Settles when the server has closed its side. */
  readonly closed: Promise<void>;

  private constructor(socket: TcpSocket) {
    this.#socket = socket;
    this.closed = new Promise(resolve => {
      socket.once("end", resolve);
      socket.once("close", () => resolve());
    });
    // Without an encoding set, chunks are always buffers.
    socket.on("data", chunk => this.#collect(chunk as Buffer));
    socket.on("end", () => this.#inbox.fail(new Error("the server closed the connection")));
    socket.on("error", error => this.#inbox.fail(error));
  }

  static async open(server: ServerAddress): Promise<TcpClient> {
    const socket = connect({ host: server.host, port: server.port, noDelay: true, allowHalfOpen: true });
    await once(socket, "connect");
    return new TcpClient(socket);
  }

  write(octets: Buffer): void {
    this.#socket.write(octets);
  }

  /** Closes the sending side only: the server sees the end of input and may still answer. */
  end(): void {
    this.#socket.end();
  }

  receive(timeoutMs = defaultTimeoutMs): Promise<Buffer> {
    return this.#inbox.take(timeoutMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #collect(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 2) {
      const end = 2 + this.#pending.readUInt16BE(0);
      if (this.#pending.length < end) return;
      this.#inbox.put(this.#pending.subarray(2, end));
      this.#pending = this.#pending.subarray(end);
    }
  }
}

interface Receiver {
  resolve(message: Buffer): void;
  reject(error: Error): void;
}

/** Messages that came before they were asked for, and askers that came before their message. */
class Inbox {
  readonly #messages: Buffer[] = [];
  readonly #receivers = new Set<Receiver>();
  #failure: Error | undefined;

  get length(): number {
    return this.#messages.length;
  }

  put(message: Buffer): void {
    const [first] = this.#receivers;
    if (first === undefined) this.#messages.push(message);
    else first.resolve(message);
  }

  fail(error: Error): void {
    this.#failure ??= error;
    for (const receiver of this.#receivers) receiver.reject(error);
  }

  take(timeoutMs: number): Promise<Buffer> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const receiver: Receiver = { resolve: settle(resolve), reject: settle(reject) };
    const receivers = this.#receivers;
    const timer = setTimeout(() => receiver.reject(new Error(`no reply within ${timeoutMs} ms`)), timeoutMs);
    receivers.add(receiver);
    return promise;

    function settle<T>(then: (value: T) => void): (value: T) => void {
      return value => {
        clearTimeout(timer);
        receivers.delete(receiver);
        then(value);
      };
    }
  }
}
