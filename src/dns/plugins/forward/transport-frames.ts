/** Messages on a stream: two octets of length before each (RFC 1035 §4.2.2). */

/** `message` behind its length, in one piece so that it leaves in one segment (RFC 7766 §8). */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(2 + message.length);
  framed.writeUInt16BE(message.length);
  framed.set(message, 2);
  return framed;
}

/** Takes pieces of any size and gives whole messages, each in a buffer of its own. */
export class FrameReader {
  readonly #take: (message: Buffer) => void;
  /** The first octet of a length whose second has not come. */
  #upperOctet: number | undefined;
  #message: Buffer | undefined;
  #filled = 0;

  constructor(take: (message: Buffer) => void) {
    this.#take = take;
  }

  push(piece: Buffer): void {
    let offset = 0;
    while (offset < piece.length) {
      if (this.#message === undefined) this.#readLength(piece[offset++] as number);
      else offset += this.#fill(this.#message, piece, offset);
    }
  }

  #readLength(octet: number): void {
    if (this.#upperOctet === undefined) {
      this.#upperOctet = octet;
      return;
    }
    this.#message = Buffer.allocUnsafe((this.#upperOctet << 8) | octet);
    this.#upperOctet = undefined;
  }

  #fill(message: Buffer, piece: Buffer, offset: number): number {
    const count = piece.copy(message, this.#filled, offset);
    this.#filled += count;
    if (this.#filled === message.length) {
      this.#message = undefined;
      this.#filled = 0;
      this.#take(message);
    }
    return count;
  }
}
