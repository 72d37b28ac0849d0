/** The program as a user starts it, in a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const mainFile = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Tests start the program hundreds of times, and compiling anew would be half of each start: npm's scripts use it too. */
export const compileCacheFolder = fileURLToPath(new URL("../../node_modules/.cache/node", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `frontdesk`; what it prints is kept. With `await using` it ends when its block does, however that ends. */
export class Command implements AsyncDisposable {
  readonly process: ChildProcess;
  #stdout = "";
  #stderr = "";
  readonly #closed: Promise<unknown>;

  private constructor(process: ChildProcess) {
    this.process = process;
    this.#closed = once(process, "close");
    process.stdout?.setEncoding("utf8").on("data", text => {
      this.#stdout += text;
    });
    process.stderr?.setEncoding("utf8").on("data", text => {
      this.#stderr += text;
    });
  }

  static start(...argv: readonly string[]): Command {
    // Colours and levels of the developer's own shell have no say in what tests read.
    const { PATH, HOME, FRONTDESK_UDP, FRONTDESK_SHORTCUT } = process.env;
    const env = { PATH, HOME, FRONTDESK_UDP, FRONTDESK_SHORTCUT, NODE_COMPILE_CACHE: compileCacheFolder };
    return new Command(
      spawn(process.execPath, [mainFile, ...argv], { env, stdio: ["ignore", "pipe", "pipe"] }),
    );
  }

  /** Starts it and waits until it has ended by itself. */
  static async run(...argv: readonly string[]): Promise<Ended> {
    return Command.start(...argv).ended();
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Resolves with what `read` makes of the output as soon as that is not undefined; rejects when the program ends. */
  async until<T>(read: (command: Command) => T | undefined): Promise<T> {
    const ended = this.#closed.then(() => {
      throw new Error(`frontdesk ended: ${this.#stderr}${this.#stdout}`);
    });
    // Once something has been found, nobody waits for this any more.
    ended.catch(() => {});
    for (;;) {
      const found = read(this);
      if (found !== undefined) return found;
      const more = new AbortController();
      const heard = [this.process.stdout, this.process.stderr].map(stream => {
        return stream === null ? ended : once(stream, "data", { signal: more.signal }).catch(() => {});
      });
      await Promise.race([...heard, ended]);
      more.abort();
    }
  }

  async ended(): Promise<Ended> {
    await this.#closed;
    return { code: this.process.exitCode, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Sends the signal and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.process.kill(signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}
