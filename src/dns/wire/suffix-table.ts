/**
 * Which names already stand in a message and where, for compression (RFC 1035 §4.1.4).
 *
 * A suffix is known by its first label and the offset of the suffix behind that label, so it is found and added at the
 * cost of one label, and a name at the cost of its length. Nothing is allocated per message. Every look-up ends after
 * `maxProbes` places: names chosen to collide cost compression, not time.
 */

/** A pointer has fourteen bits. */
const maxOffset = 0x3fff;
const slotCount = 4096;
const maxProbes = 8;

export class SuffixTable {
  /** Generation in the upper sixteen bits, offset in the lower; a slot of an older message counts as free. */
  readonly #slots = new Uint32Array(slotCount);
  /** By offset of a suffix: the offset of the suffix behind its first label, 0 for the root. */
  readonly #parents = new Uint16Array(maxOffset + 1);
  #generation = 1;

  /** Forgets everything. */
  clear(): void {
    this.#generation = (this.#generation + 1) & 0xffff;
    if (this.#generation !== 0) return;
    this.#slots.fill(0);
    this.#generation = 1;
  }

  /** Offset in `message` of this label before the suffix at `parent`, letter for letter; 0 when there is none. */
  find(message: Uint8Array, label: string, parent: number): number {
    let slot = firstSlot(label, parent);
    for (let probe = 0; probe < maxProbes; probe++) {
      const entry = this.#slots[slot] as number;
      if (entry >>> 16 !== this.#generation) return 0;
      const offset = entry & 0xffff;
      if (this.#parents[offset] === parent && isLabelAt(message, offset, label)) return offset;
      slot = (slot + 1) % slotCount;
    }
    return 0;
  }

  /** Remembers the label at `offset`; an offset that no pointer reaches, or one too many for its place, is not kept. */
  add(label: string, parent: number, offset: number): void {
    if (offset > maxOffset) return;
    let slot = firstSlot(label, parent);
    for (let probe = 0; probe < maxProbes; probe++) {
      if ((this.#slots[slot] as number) >>> 16 !== this.#generation) {
        this.#slots[slot] = ((this.#generation << 16) | offset) >>> 0;
        this.#parents[offset] = parent;
        return;
      }
      slot = (slot + 1) % slotCount;
    }
  }
}

/** FNV-1a over the label, started from its parent. */
function firstSlot(label: string, parent: number): number {
  let hash = 0x811c9dc5 ^ parent;
  for (let index = 0; index < label.length; index++) {
    hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) & (slotCount - 1);
}

function isLabelAt(message: Uint8Array, offset: number, label: string): boolean {
  if (message[offset] !== label.length) return false;
  for (let index = 0; index < label.length; index++) {
    if (message[offset + 1 + index] !== label.charCodeAt(index)) return false;
  }
  return true;
}
