/**
 * One `nft -i` that is fed line by line.
 *
 * Starting a program means copying the page tables of a process with a large heap, during which the event loop
 * stands still: with 200 MB, 45 ms per transaction against 0.4 ms this way.
 *
 * nft says nothing of a line that succeeded. So each is followed by a word that is no command, and what nft has to
 * say of that ends its answer; both come by standard error and in order.
 */

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { NftError } from "./nft-error.ts";

/** What is waited for at most, while another program holds the kernel's lock on rules. */
const maxAnswerMs = 60_000;
/** A table that somebody else deleted makes each of many commands fail, each with the whole line repeated. */
const maxAnswerCharacters = 1 << 20;

export class KeptNft {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #number = 0;
  #fedCharacters = 0;
  #answer = "";
  #onAnswer: () => void = () => {};
  #end: string | undefined;

  /** `command` with its arguments starts nft. */
  constructor([program = "nft", ...args]: readonly string[]) {
    // Lines go into a history, which is written to the home directory at the end.
    const env = { ...process.env, HOME: "/dev/null" };
    this.#child = spawn(program, [...args, "-i"], { stdio: ["pipe", "ignore", "pipe"], env });
    this.#ended = new Promise(resolve => {
      this.#child.once("error", error => this.#die(error.message, resolve));
      this.#child.once("close", () => this.#die("nft ended", resolve));
    });
    this.#child.stdin?.on("error", () => {});
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#answer += text;
      if (this.#answer.length > maxAnswerCharacters) this.#child.kill("SIGKILL");
      this.#onAnswer();
    });
  }

  /** Characters of all lines so far; nft keeps them in its history. */
  get fedCharacters(): number {
    return this.#fedCharacters;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** One transaction on one line; not to be called before the last call has been answered. */
  async run(line: string): Promise<void> {
    const mark = `end-of-transaction-${++this.#number}`;
    this.#answer = "";
    this.#fedCharacters += line.length;
    this.#child.stdin?.write(`${line}\n${mark}\n`);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), maxAnswerMs);
    await new Promise<void>(resolve => {
      this.#onAnswer = () => {
        if (this.hasEnded || this.#answer.includes(`\n${mark}\n`)) resolve();
      };
      this.#onAnswer();
    });
    clearTimeout(timer);
    const complaint = this.#answer.split(`\n${mark}\n`)[0]?.replace(/[^\n]*$/, "") ?? "";
    if (this.#end !== undefined) throw new NftError(this.#answer || this.#end);
    if (complaint.includes("Error: ")) throw new NftError(complaint);
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  #die(reason: string, resolve: () => void): void {
    this.#end ??= reason;
    this.#onAnswer();
    resolve();
  }
}
