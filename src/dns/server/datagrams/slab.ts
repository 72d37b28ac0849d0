/** Memory that the kernel reads and writes as well: it knows where it is. */

export class Slab {
  readonly octets: Buffer;
  /** The same memory in units of four octets, little-endian as the machine is. */
  readonly words: Uint32Array;
  readonly #address: bigint;
  readonly #addressLow: number;
  readonly #addressHigh: number;

  /** All zero; what is never used costs no memory. `addressOf` tells where a buffer is, which never moves. */
  constructor(sizeBytes: number, addressOf: (buffer: Buffer) => bigint) {
    const memory = new ArrayBuffer(sizeBytes);
    this.octets = Buffer.from(memory);
    this.words = new Uint32Array(memory);
    this.#address = addressOf(this.octets);
    this.#addressLow = Number(this.#address & 0xffff_ffffn);
    this.#addressHigh = Number(this.#address >> 32n);
  }

  addressAt(offset: number): bigint {
    return this.#address + BigInt(offset);
  }

  /** Writes the address of `target` at `offset`, a multiple of four, without making a BigInt. */
  writePointer(offset: number, target: number): void {
    const low = this.#addressLow + target;
    this.words[offset >> 2] = low;
    this.words[(offset >> 2) + 1] = low > 0xffff_ffff ? this.#addressHigh + 1 : this.#addressHigh;
  }
}
