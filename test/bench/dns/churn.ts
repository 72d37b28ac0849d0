/** Headless Services whose endpoints change all the time. */

import { BenchObjects } from "./bench-objects.ts";

const serviceCount = 50;
const endpointCount = 10;

export class Churn implements AsyncDisposable {
  /** Of the Services, fully qualified. */
  readonly names: readonly string[] = Array.from({ length: serviceCount }, (_, n) =>
    BenchObjects.nameOf(idOf(n)),
  );
  changes = 0;
  readonly #objects: BenchObjects;
  readonly #startedAtMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  /** One change after the other; rejected when one has failed. */
  #last: Promise<void> = Promise.resolve();

  private constructor(objects: BenchObjects, perSecond: number) {
    this.#objects = objects;
    this.#timer = setInterval(() => this.#catchUp(perSecond), 1000 / perSecond);
  }

  static async start(objects: BenchObjects, perSecond: number): Promise<Churn> {
    for (let n = 0; n < serviceCount; n += 1) await objects.createHeadless(idOf(n), endpointsOf(n, 0));
    return new Churn(objects, perSecond);
  }

  /** Ends it. Rejects when a change was refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
    for (let n = 0; n < serviceCount; n += 1) await this.#objects.removeHeadless(idOf(n));
  }

  get perSecond(): number {
    return (this.changes * 1000) / (performance.now() - this.#startedAtMs);
  }

  /** Timers may be late. */
  #catchUp(perSecond: number): void {
    const due = Math.floor(((performance.now() - this.#startedAtMs) * perSecond) / 1000);
    while (this.changes < due) {
      const change = ++this.changes;
      const n = change % serviceCount;
      this.#last = this.#last.then(() => this.#objects.changeEndpoints(idOf(n), endpointsOf(n, change)));
    }
  }
}

function idOf(n: number): string {
  return `churn-${n}`;
}

function endpointsOf(n: number, change: number): readonly string[] {
  const others = Array.from({ length: endpointCount - 1 }, (_, place) => `10.252.${n}.${place + 1}`);
  return [`10.253.${(change >> 8) & 255}.${change & 255}`, ...others];
}
