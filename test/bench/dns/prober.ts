/** Asks for one name again and again, until the answer is the one that is waited for. */

import { type ServerAddress, UdpClient } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";

const replyTimeoutMs = 1_000;
const longestWaitMs = 10_000;

export class Prober implements Disposable {
  readonly #client: UdpClient;

  private constructor(client: UdpClient) {
    this.#client = client;
  }

  static async open(server: ServerAddress): Promise<Prober> {
    return new Prober(await UdpClient.open(server));
  }

  /** For type A. Resolves with the first reply for which this is so; rejects after ten seconds. */
  async until(name: string, isSo: (reply: Buffer) => boolean): Promise<void> {
    const deadlineMs = performance.now() + longestWaitMs;
    while (!isSo(await this.#ask(name))) {
      if (performance.now() > deadlineMs) throw new Error(`${name} is not as expected after 10 s`);
    }
  }

  /** A reply that got lost is an empty one. */
  async #ask(name: string): Promise<Buffer> {
    const query = buildQuery(`${name} A`, { recursionDesired: true });
    this.#client.send(query);
    try {
      let reply = await this.#client.receive(replyTimeoutMs);
      // That of an earlier query may come after all.
      while (reply.readUInt16BE(0) !== query.readUInt16BE(0))
        reply = await this.#client.receive(replyTimeoutMs);
      return reply;
    } catch {
      return Buffer.alloc(12);
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
