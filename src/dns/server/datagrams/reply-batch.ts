/** Replies on their way out: written one behind the other, sent by one call of sendmmsg. */

import { type Envelope, envelopeShape } from "./envelope.ts";
import { linux } from "./linux-layout.ts";
import { MessageTable } from "./message-table.ts";
import type { BoundSocket } from "./open-socket.ts";
import { Slab } from "./slab.ts";
import { errors, type SystemCalls } from "./system-calls.ts";

/** Octets for all replies of a batch; one datagram fits in any case. */
const roomBytes = 131_072;
/** What no datagram exceeds. */
export const maxDatagramBytes = 65_535;

export class ReplyBatch {
  readonly octets: Buffer;
  readonly #calls: SystemCalls;
  readonly #fd: number;
  readonly #table: MessageTable;
  readonly #repliesAt: number;
  readonly #onUnsent: (errno: number) => void;
  #start: number;
  #count = 0;
  #sentCount = 0;

  /** Of at most `count` replies. `onUnsent` hears of each reply that the kernel does not take. */
  constructor(calls: SystemCalls, socket: BoundSocket, count: number, onUnsent: (errno: number) => void) {
    this.#calls = calls;
    this.#fd = socket.fd;
    this.#onUnsent = onUnsent;
    this.#repliesAt = MessageTable.sizeBytes(count, 1);
    this.#start = this.#repliesAt;
    const slab = new Slab(this.#repliesAt + roomBytes, calls.addressOf);
    this.octets = slab.octets;
    this.#table = new MessageTable(slab, count, 1, envelopeShape(socket.family, socket.tellsDestination));
  }

  /** Where the next reply has to begin. */
  get start(): number {
    return this.#start;
  }

  /** Makes room for a reply of this size, at most `maxDatagramBytes`. False: not before the socket can be written to. */
  makeRoom(sizeBytes: number): boolean {
    const isFull = this.#count === this.#table.count || this.#start + sizeBytes > this.octets.length;
    return !isFull || this.flush();
  }

  /** Puts the `sizeBytes` octets at `start` into the batch. */
  add(receiver: Envelope, sizeBytes: number): void {
    this.#table.setEnvelope(this.#count, receiver);
    this.#table.setPart(this.#count, 0, this.#start, sizeBytes);
    this.#count += 1;
    this.#start = (this.#start + sizeBytes + 63) & ~63;
  }

  /** Sends the whole batch. False: the kernel takes no more before the socket can be written to. */
  flush(): boolean {
    let refusedAt = -1;
    while (this.#sentCount < this.#count) {
      const first = this.#table.addressOf(this.#sentCount);
      const count = this.#calls.sendmmsg(this.#fd, first, this.#count - this.#sentCount, linux.MSG_DONTWAIT);
      if (count > 0) {
        // After less than all comes the one that failed, and with it the reason.
        this.#sentCount += count;
        continue;
      }
      const errno = this.#calls.errno();
      if (errno === errors.EAGAIN) return false;
      if (errno === errors.EINTR) continue;
      // Tells of an earlier reply whose receiver is gone (ICMP); this one has not been tried yet.
      if (errno === errors.ECONNREFUSED && refusedAt !== this.#sentCount) {
        refusedAt = this.#sentCount;
        continue;
      }
      this.#sentCount += 1;
      this.#onUnsent(errno);
    }
    this.#sentCount = 0;
    this.#count = 0;
    this.#start = this.#repliesAt;
    return true;
  }
}
