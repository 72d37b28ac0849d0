/** Messages on a stream: two octets of length before each (RFC 1035 §4.2.2). */

/** `message` behind its length, in one piece so that it leaves in one segment (RFC 7766 §8). */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(2 + message.length);
  framed.writeUInt16BE(message.length);
  framed.set(message, 2);
  return framed;
}

/** Takes bytes in pieces of any size, gives whole messages. */
export class FrameReader {
  /** Pending octets are those from `#start` to `#end`; behind them is room for more. */
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  push(piece: Buffer): void {
    if (this.#start === this.#end) {
      this.#bytes = piece;
      this.#start = 0;
      this.#end = piece.length;
      return;
    }
    if (this.#bytes.length - this.#end < piece.length) this.#makeRoom(piece.length);
    piece.copy(this.#bytes, this.#end);
    this.#end += piece.length;
  }

  /** The message is good until the next `push`. */
  next(): Uint8Array | undefined {
    if (this.#end - this.#start < 2) return undefined;
    const messageStart = this.#start + 2;
    const messageEnd = messageStart + this.#bytes.readUInt16BE(this.#start);
    if (messageEnd > this.#end) return undefined;
    this.#start = messageEnd;
    return this.#bytes.subarray(messageStart, messageEnd);
  }

  /** Doubles, so that octets that come one by one are copied twice on average, and none keeps a buffer of its own. */
  #makeRoom(moreBytes: number): void {
    const pending = this.#bytes.subarray(this.#start, this.#end);
    this.#bytes = Buffer.allocUnsafeSlow(2 * (pending.length + moreBytes));
    pending.copy(this.#bytes);
    this.#start = 0;
    this.#end = pending.length;
  }
}
