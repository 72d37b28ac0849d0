/** Clients with a socket each. */

import type { TestContext } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type ServerAddress, UdpClient } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";

/** What became of a client's queries, one after the other. */
export interface Asked {
  readonly answered: number;
  readonly lost: number;
  /** What was answered, each once. */
  readonly answers: ReadonlySet<string>;
}

const patienceMs = 3_000;

export class Crowd {
  readonly #clients: readonly UdpClient[];
  #isOver = false;

  private constructor(clients: readonly UdpClient[]) {
    this.#clients = clients;
  }

  /** Gone when the test ends. */
  static async open(context: TestContext, server: ServerAddress, size: number): Promise<Crowd> {
    const clients = await Promise.all(Array.from({ length: size }, () => UdpClient.open(server)));
    const crowd = new Crowd(clients);
    context.after(() => crowd.#close());
    return crowd;
  }

  get size(): number {
    return this.#clients.length;
  }

  /** What each of them is told: the first answer, or else the code. */
  ask(question: string): Promise<readonly string[]> {
    return Promise.all(
      this.#clients.map(async client => {
        client.send(buildQuery(question));
        return answerIn(await client.receive());
      }),
    );
  }

  /** Each sends so many queries at once. */
  send(question: string, countEach: number): void {
    for (const client of this.#clients) {
      for (let index = 0; index < countEach; index++) client.send(buildQuery(question));
    }
  }

  /** How many replies come, as long as they come, up to the number that is expected. */
  async receive(countEach: number): Promise<number> {
    const counts = await Promise.all(
      this.#clients.map(async client => {
        for (let count = 0; count < countEach; count++) {
          const reply = await client.receive(patienceMs).catch(() => undefined);
          if (reply === undefined) return count;
        }
        return countEach;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Each asks again as soon as it is answered, or has lost patience. Gives what ends that. */
  keepAsking(question: string): () => Promise<readonly Asked[]> {
    let isOver = false;
    const asking = this.#clients.map(async client => {
      const answers = new Set<string>();
      let [answered, lost] = [0, 0];
      while (!isOver && !this.#isOver) {
        client.send(buildQuery(question));
        const reply = await client.receive(patienceMs).catch(() => undefined);
        if (reply === undefined) {
          lost += 1;
          // A client whose socket has an error fails at once, each time.
          await nextTurn();
        } else {
          answered += 1;
          answers.add(answerIn(reply));
        }
      }
      return { answered, lost, answers };
    });
    return () => {
      isOver = true;
      return Promise.all(asking);
    };
  }

  #close(): void {
    this.#isOver = true;
    for (const client of this.#clients) client.close();
  }
}

function answerIn(reply: Buffer): string {
  const { answer, rcode } = decodeReply(reply);
  return answer[0]?.split(" ").at(-1) ?? rcode;
}
