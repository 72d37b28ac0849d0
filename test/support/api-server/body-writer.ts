/** How a response body leaves: at once, or torn into small writes. */

import type { ServerResponse } from "node:http";

/** `pauseMs: 0` lets the event loop turn once between two slices. */
export interface Pacing {
  readonly sliceBytes: number;
  readonly pauseMs: number;
}

export class BodyWriter {
  readonly #response: ServerResponse;
  readonly #pacing: Pacing | undefined;
  #waiting: Buffer = Buffer.alloc(0);
  #isBusy = false;
  #isEnding = false;

  constructor(response: ServerResponse, pacing: Pacing | undefined) {
    this.#response = response;
    this.#pacing = pacing;
  }

  write(body: string | Buffer): void {
    if (this.#isEnding) return;
    if (this.#pacing === undefined) {
      this.#response.write(body);
      return;
    }
    this.#waiting = Buffer.concat([this.#waiting, typeof body === "string" ? Buffer.from(body) : body]);
    if (!this.#isBusy) this.#writeSlice(this.#pacing);
  }

  end(): void {
    this.#isEnding = true;
    if (!this.#isBusy) this.#response.end();
  }

  #writeSlice(pacing: Pacing): void {
    this.#isBusy = this.#waiting.length > 0 && !this.#response.destroyed;
    if (!this.#isBusy) {
      if (this.#isEnding) this.#response.end();
      return;
    }
    const slice = this.#waiting.subarray(0, pacing.sliceBytes);
    this.#waiting = this.#waiting.subarray(pacing.sliceBytes);
    const next = (): void => this.#writeSlice(pacing);
    this.#response.write(slice, () =>
      pacing.pauseMs === 0 ? setImmediate(next) : setTimeout(next, pacing.pauseMs),
    );
  }
}
