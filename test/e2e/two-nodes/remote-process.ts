/** Orders to a process of ours in another namespace, and what it says to them. */

import { spawn } from "node:child_process";
import { once } from "node:events";

/** What a process can be told, by name; each takes one argument. */
// biome-ignore lint/suspicious/noExplicitAny: whatever argument an order takes, it is one of these.
export type Orders = Readonly<Record<string, (argument: any) => unknown>>;

interface Request {
  readonly id: number;
  readonly order: string;
  readonly argument: unknown;
}

type Reply = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/** In the process: does as it is told until its parent is gone. */
export function obey(orders: Orders): void {
  process.on("message", ({ id, order, argument }: Request) => {
    const done = Promise.resolve().then(() => orders[order]?.(argument));
    done.then(
      result => process.send?.({ id, result } satisfies Reply),
      (error: Error) => process.send?.({ id, error: error.stack ?? error.message } satisfies Reply),
    );
  });
  process.on("disconnect", () => process.exit());
}

/** In the parent. */
export class RemoteProcess<Known extends Orders> {
  readonly #child;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #number = 0;

  /** `words` go before the command that runs the module. */
  constructor(words: readonly string[], file: string) {
    const [program = "", ...args] = [...words, process.execPath, file];
    this.#child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#child.on("message", (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    this.#child.once("exit", () => {
      for (const [id, settle] of this.#waiting) settle({ id, error: `${file} has ended` });
    });
  }

  async ask<Name extends keyof Known & string>(
    order: Name,
    argument: Parameters<Known[Name]>[0],
  ): Promise<Awaited<ReturnType<Known[Name]>>> {
    const id = ++this.#number;
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#waiting.set(id, resolve);
      this.#child.send({ id, order, argument } satisfies Request, error => error && reject(error));
    });
    if ("error" in reply) throw new Error(`${order}: ${reply.error}`);
    return reply.result as Awaited<ReturnType<Known[Name]>>;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    await ended;
  }
}
