/** The datagrams of one call of recvmmsg, where the kernel has put them; one after the other is the present one. */

import type { Client } from "../../plugins/query.ts";
import { readIPv4 } from "../../wire/address.ts";
import type { Arrival } from "../shortcut.ts";
import { type Envelope, envelopeShape, keepEnvelope } from "./envelope.ts";
import { linux } from "./linux-layout.ts";
import { MessageTable } from "./message-table.ts";
import type { BoundSocket } from "./open-socket.ts";
import { Slab } from "./slab.ts";
import { address6At, hostAt, portAt } from "./socket-address.ts";
import type { SystemCalls } from "./system-calls.ts";

/**
 * The beginnings of all datagrams are close together: places far apart cost the kernel and the processor a tenth of
 * what they can do. Few queries are longer.
 */
const nearRoomBytes = 512;
/** The largest UDP datagram has 65527 octets. Memory that no datagram has reached is not taken. */
const farRoomBytes = 65_536;

export class ReceivedBatch implements Arrival {
  readonly octets: Buffer;
  readonly #calls: SystemCalls;
  readonly #socket: BoundSocket;
  readonly #table: MessageTable;
  readonly #nearAt: number;
  readonly #farAt: number;
  readonly #sender: { -readonly [Key in keyof Envelope]: Envelope[Key] };
  #count = 0;
  #present = -1;
  #start = 0;
  #end = 0;

  /** Of at most `count` datagrams. */
  constructor(calls: SystemCalls, socket: BoundSocket, count: number) {
    this.#calls = calls;
    this.#socket = socket;
    this.#nearAt = MessageTable.sizeBytes(count, 2);
    this.#farAt = this.#nearAt + count * nearRoomBytes;
    const slab = new Slab(this.#farAt + count * farRoomBytes, calls.addressOf);
    this.octets = slab.octets;
    this.#table = new MessageTable(slab, count, 2, envelopeShape(socket.family, socket.tellsDestination));
    this.#sender = { words: slab.words, firstWord: 0, controlSizeBytes: 0 };
    for (let index = 0; index < count; index++) {
      this.#table.setPart(index, 0, this.#nearAt + index * nearRoomBytes, nearRoomBytes);
      // Behind a gap for the beginning, see `advance`.
      const rest = this.#farAt + index * farRoomBytes + nearRoomBytes;
      this.#table.setPart(index, 1, rest, farRoomBytes - nearRoomBytes);
    }
  }

  /**
   * Reads what the kernel has, without waiting; -1 when there is an `errno`. Otherwise the number of datagrams: less
   * than a full batch is all there was.
   */
  receive(): number {
    const table = this.#table;
    const { controlSizeBytes } = table.shape;
    if (controlSizeBytes > 0) {
      // The kernel has written there how much of the room it took.
      for (let index = 0; index < this.#count; index++) table.setControlSize(index, controlSizeBytes);
    }
    const { fd } = this.#socket;
    const count = this.#calls.recvmmsg(fd, table.addressOf(0), table.count, linux.MSG_DONTWAIT, null);
    this.#count = Math.max(count, 0);
    this.#present = -1;
    return count;
  }

  get hasNext(): boolean {
    return this.#present + 1 < this.#count;
  }

  /** The next datagram is the present one. */
  advance(): void {
    this.#present += 1;
    const index = this.#present;
    this.#sender.firstWord = this.#table.envelopeWord(index);
    this.#sender.controlSizeBytes = this.#table.controlSize(index);
    const sizeBytes = this.#table.datagramSize(index);
    const near = this.#nearAt + index * nearRoomBytes;
    const far = this.#farAt + index * farRoomBytes;
    if (sizeBytes > nearRoomBytes) this.octets.copyWithin(far, near, near + nearRoomBytes);
    this.#start = sizeBytes > nearRoomBytes ? far : near;
    this.#end = this.#start + sizeBytes;
  }

  /** Of the present datagram in `octets`. */
  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Of the present datagram; another's as soon as that is another. */
  get sender(): Envelope {
    return this.#sender;
  }

  keepSender(): Envelope {
    return keepEnvelope(this.#sender, this.#table.shape);
  }

  client(): Client {
    const { family, port } = this.#socket;
    const offset = this.#sender.firstWord * 4;
    return {
      protocol: "udp",
      family,
      address: hostAt(this.octets, offset, family),
      port: portAt(this.octets, offset),
      serverAddress: this.#destination(offset),
      serverPort: port,
    };
  }

  #destination(envelopeOffset: number): string {
    if (this.#sender.controlSizeBytes === 0) return this.#socket.address;
    const { destinationOffset, interfaceWord } = this.#table.shape;
    const start = envelopeOffset + destinationOffset;
    if (this.#socket.family === "IPv4") return readIPv4(this.octets, start);
    return address6At(this.octets, start, this.octets.readUInt32LE(envelopeOffset + interfaceWord * 4));
  }
}
