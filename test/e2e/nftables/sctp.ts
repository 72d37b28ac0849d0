/**
 * The first packets of an SCTP association (RFC 9260 §5.1) over raw sockets, which need no SCTP of the kernel: INIT goes
 * to the endpoint and INIT ACK comes back, both translated and followed by the kernel's connection tracking.
 */

import { hostAt, socketAddress } from "../../../src/dns/server/datagrams/socket-address.ts";

const protocolNumber = 132;
const rawType = 3;
const headerSize = 12;
const initSize = 20;
const chunkType = { init: 1, initAck: 2 } as const;
/** An optional parameter that nobody knows is passed over (§3.2.1): its first two bits say so. */
const textParameter = 0x8000;

export interface SctpPacket {
  /** In the text form of the family. */
  readonly peer: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly verificationTag: number;
  readonly isInit: boolean;
  readonly initiateTag: number;
  /** What INIT ACK carries. */
  readonly text: string;
}

/** All SCTP packets to one address of this network namespace. */
export class SctpSocket implements Disposable {
  readonly #fd: number;
  readonly #family: "IPv4" | "IPv6";
  readonly #calls: SystemCalls;
  readonly #watch: { close(): void };

  private constructor(calls: SystemCalls, address: string, onPacket: (packet: SctpPacket) => void) {
    this.#calls = calls;
    this.#family = address.includes(":") ? "IPv6" : "IPv4";
    this.#fd = calls.socket(this.#family === "IPv6" ? 10 : 2, rawType, protocolNumber);
    const own = socketAddress(address, 0);
    if (calls.bind(this.#fd, own, own.length) !== 0) throw new Error(`cannot bind to ${address}`);
    this.#watch = calls.watch(this.#fd, () => this.#receive(onPacket));
  }

  static async open(address: string, onPacket: (packet: SctpPacket) => void): Promise<SctpSocket> {
    return new SctpSocket(await systemCalls(), address, onPacket);
  }

  send(packet: SctpPacket): void {
    const octets = encode(packet);
    const to = socketAddress(packet.peer, 0);
    this.#calls.sendto(this.#fd, octets, octets.length, 0, to, to.length);
  }

  [Symbol.dispose](): void {
    this.#watch.close();
    this.#calls.close(this.#fd);
  }

  #receive(onPacket: (packet: SctpPacket) => void): void {
    const octets = Buffer.alloc(2048);
    const from = Buffer.alloc(28);
    const fromSize = Buffer.from(Uint32Array.of(from.length).buffer);
    const dontWait = 0x40;
    const size = this.#calls.recvfrom(this.#fd, octets, octets.length, dontWait, from, fromSize);
    if (size < 0) return;
    // A raw socket of IPv4 is given the header of the packet too (raw(7)).
    const start = this.#family === "IPv4" ? (octets.readUInt8(0) & 15) * 4 : 0;
    const packet = decode(octets.subarray(start, size), hostAt(from, 0, this.#family));
    if (packet !== undefined) onPacket(packet);
  }
}

/** INIT ACK where `packet` is an INIT. */
export function accept(packet: SctpPacket, text: string): SctpPacket {
  return {
    peer: packet.peer,
    sourcePort: packet.destinationPort,
    destinationPort: packet.sourcePort,
    verificationTag: packet.initiateTag,
    isInit: false,
    initiateTag: 7,
    text,
  };
}

function encode(packet: SctpPacket): Buffer {
  const text = Buffer.from(packet.text);
  const parameter = Buffer.alloc(text.length === 0 ? 0 : 4 + Math.ceil(text.length / 4) * 4);
  if (text.length > 0) {
    parameter.writeUInt16BE(textParameter, 0);
    parameter.writeUInt16BE(4 + text.length, 2);
    text.copy(parameter, 4);
  }
  const octets = Buffer.alloc(headerSize + initSize);
  octets.writeUInt16BE(packet.sourcePort, 0);
  octets.writeUInt16BE(packet.destinationPort, 2);
  octets.writeUInt32BE(packet.verificationTag, 4);
  octets.writeUInt8(packet.isInit ? chunkType.init : chunkType.initAck, headerSize);
  octets.writeUInt16BE(initSize + parameter.length, headerSize + 2);
  octets.writeUInt32BE(packet.initiateTag, headerSize + 4);
  octets.writeUInt32BE(65_535, headerSize + 8);
  for (const streams of [12, 14]) octets.writeUInt16BE(1, headerSize + streams);
  octets.writeUInt32BE(1, headerSize + 16);
  const whole = Buffer.concat([octets, parameter]);
  whole.writeUInt32LE(crc32c(whole), 8);
  return whole;
}

/** Undefined for what is no INIT and no INIT ACK. */
function decode(octets: Buffer, peer: string): SctpPacket | undefined {
  if (octets.length < headerSize + initSize) return undefined;
  const type = octets.readUInt8(headerSize);
  if (type !== chunkType.init && type !== chunkType.initAck) return undefined;
  const parameter = octets.subarray(headerSize + initSize);
  return {
    peer,
    sourcePort: octets.readUInt16BE(0),
    destinationPort: octets.readUInt16BE(2),
    verificationTag: octets.readUInt32BE(4),
    isInit: type === chunkType.init,
    initiateTag: octets.readUInt32BE(headerSize + 4),
    text: parameter.length === 0 ? "" : parameter.toString("utf8", 4, parameter.readUInt16BE(2)),
  };
}

/** CRC-32C of octets whose checksum field is zero (appendix A). */
function crc32c(octets: Buffer): number {
  let remainder = 0xffff_ffff;
  for (const octet of octets) {
    remainder ^= octet;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0x82f6_3b78 : 0);
  }
  return ~remainder >>> 0;
}

type SystemCalls = Awaited<ReturnType<typeof systemCalls>>;

async function systemCalls() {
  const koffi = await import("koffi");
  const libc = koffi.load(null);
  return {
    socket: libc.func("int socket(int family, int type, int protocol)"),
    bind: libc.func("int bind(int fd, void *address, uint32_t size)"),
    sendto: libc.func(
      "int sendto(int fd, void *octets, size_t size, int flags, void *address, uint32_t addressSize)",
    ),
    recvfrom: libc.func(
      "int recvfrom(int fd, void *octets, size_t size, int flags, void *address, void *addressSize)",
    ),
    close: libc.func("int close(int fd)"),
    watch: (fd: number, ready: () => void) =>
      koffi.node.poll(fd, { readable: true }, ready as never) as unknown as { close(): void },
  };
}
