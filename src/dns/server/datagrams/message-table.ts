/**
 * The array of messages that one call of recvmmsg or sendmmsg takes, at the beginning of a slab. Pointers to envelopes
 * never change; those to datagrams may.
 */

import { controlOffset, type Envelope, type EnvelopeShape, envelopeSizeBytes } from "./envelope.ts";
import { messageHeader, vector } from "./linux-layout.ts";
import type { Slab } from "./slab.ts";

export class MessageTable {
  /** Octets it takes at the beginning of a slab, up to a whole line of the processor's cache. */
  static sizeBytes(count: number, partCount: number): number {
    const each = messageHeader.sizeBytes + partCount * vector.sizeBytes + envelopeSizeBytes;
    return (count * each + 63) & ~63;
  }

  readonly slab: Slab;
  readonly count: number;
  readonly shape: EnvelopeShape;
  readonly #partCount: number;
  readonly #addresses: readonly bigint[];
  readonly #vectorsAt: number;
  readonly #envelopesAt: number;

  /** Of `count` messages, whose datagrams are in `partCount` places each. */
  constructor(slab: Slab, count: number, partCount: number, shape: EnvelopeShape) {
    this.slab = slab;
    this.count = count;
    this.shape = shape;
    this.#partCount = partCount;
    this.#vectorsAt = count * messageHeader.sizeBytes;
    this.#envelopesAt = this.#vectorsAt + count * partCount * vector.sizeBytes;
    const indexes = Array.from({ length: count }, (_, index) => index);
    this.#addresses = indexes.map(index => slab.addressAt(index * messageHeader.sizeBytes));
    for (const index of indexes) this.#prepare(index);
  }

  /** Of the message, and of those behind it. */
  addressOf(index: number): bigint {
    return this.#addresses[index] as bigint;
  }

  /** Where a part of the datagram is, or has room. */
  setPart(index: number, part: number, offset: number, sizeBytes: number): void {
    const at = this.#vectorsAt + (index * this.#partCount + part) * vector.sizeBytes;
    this.slab.writePointer(at + vector.base, offset);
    this.slab.words[(at + vector.size) >> 2] = sizeBytes;
  }

  /** As the kernel has told it. */
  datagramSize(index: number): number {
    return this.slab.words[(index * messageHeader.sizeBytes + messageHeader.datagramSize) >> 2] as number;
  }

  /** The first of the envelope's words in the slab. */
  envelopeWord(index: number): number {
    return (this.#envelopesAt + index * envelopeSizeBytes) >> 2;
  }

  /** Addresses the message as another was. The way back may lead through another interface. */
  setEnvelope(index: number, { words: from, firstWord, controlSizeBytes }: Envelope): void {
    const { wordCount, interfaceWord } = this.shape;
    const { words } = this.slab;
    const to = this.envelopeWord(index);
    for (let word = 0; word < wordCount; word++) words[to + word] = from[firstWord + word] as number;
    if (interfaceWord < 0) return;
    words[to + interfaceWord] = 0;
    this.setControlSize(index, controlSizeBytes);
  }

  controlSize(index: number): number {
    return this.slab.words[(index * messageHeader.sizeBytes + messageHeader.controlSize) >> 2] as number;
  }

  setControlSize(index: number, sizeBytes: number): void {
    this.slab.words[(index * messageHeader.sizeBytes + messageHeader.controlSize) >> 2] = sizeBytes;
  }

  #prepare(index: number): void {
    const { slab, shape } = this;
    const at = index * messageHeader.sizeBytes;
    const envelope = this.#envelopesAt + index * envelopeSizeBytes;
    slab.writePointer(at + messageHeader.name, envelope);
    slab.words[(at + messageHeader.nameSize) >> 2] = shape.nameSizeBytes;
    const vectors = this.#vectorsAt + index * this.#partCount * vector.sizeBytes;
    slab.writePointer(at + messageHeader.vectors, vectors);
    slab.words[(at + messageHeader.vectorCount) >> 2] = this.#partCount;
    if (shape.controlSizeBytes > 0) slab.writePointer(at + messageHeader.control, envelope + controlOffset);
    this.setControlSize(index, shape.controlSizeBytes);
  }
}
