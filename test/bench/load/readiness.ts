/** Waiting until one of several sockets can be read, or until a time: ppoll(2). */

import type { LoadCalls } from "./load-calls.ts";

/** `struct pollfd`: descriptor (4 octets), events (2), returned events (2). */
const pollBytes = 8;
const POLLIN = 1;

export class Readiness {
  readonly #calls: LoadCalls;
  readonly #count: number;
  readonly #descriptors: Buffer;
  /** `struct timespec`; seconds stay 0. */
  readonly #timeout = Buffer.alloc(16);

  constructor(calls: LoadCalls, descriptors: readonly number[]) {
    this.#calls = calls;
    this.#count = descriptors.length;
    this.#descriptors = Buffer.alloc(descriptors.length * pollBytes);
    for (const [index, descriptor] of descriptors.entries()) {
      this.#descriptors.writeInt32LE(descriptor, index * pollBytes);
      this.#descriptors.writeInt16LE(POLLIN, index * pollBytes + 4);
    }
  }

  /** At most `timeoutMs`, which is less than a second. */
  wait(timeoutMs: number): void {
    this.#timeout.writeUInt32LE(Math.max(0, Math.round(timeoutMs * 1e6)), 8);
    this.#calls.ppoll(this.#descriptors, this.#count, this.#timeout, null);
  }

  /** Whether the socket had something to read, or an error, when the wait was over. */
  isReady(index: number): boolean {
    return this.#descriptors[index * pollBytes + 6] !== 0;
  }
}
