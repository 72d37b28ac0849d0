/** nft as a program. The kernel's interface, netlink, is out of reach of Node without native code. */

import { spawn } from "node:child_process";
import { KeptNft } from "./kept-nft.ts";
import { NftError } from "./nft-error.ts";
import type { NftRunner } from "./nft-runner.ts";

/** Longer lines take nft longer to read than to be started for; most changes are a hundredth of this. */
const maxKeptLineCharacters = 64 * 1024;
/** nft keeps every line it has read; then it is started anew. */
const maxKeptHistoryCharacters = 2 * 1024 * 1024;
const maxComplaintCharacters = 64 * 1024;

/** `command` starts nft: `["nft"]`, or with words before it that take it into a network namespace. */
export function nftProgram(command: readonly string[] = ["nft"]): NftRunner {
  return new NftProgram(command);
}

class NftProgram implements NftRunner {
  readonly #command: readonly string[];
  #last: Promise<unknown> = Promise.resolve();
  #kept: KeptNft | undefined;
  /** This nft was built without an interactive mode. */
  #cannotBeKept = false;

  constructor(command: readonly string[]) {
    this.#command = command;
  }

  run(commands: readonly string[]): Promise<void> {
    const done = this.#last.then(() => this.#run(commands));
    this.#last = done.catch(() => {});
    return done;
  }

  async check(commands: readonly string[]): Promise<void> {
    await this.#start(["-c", "-f", "-"], commands.join("\n"));
  }

  list(args: readonly string[]): Promise<string> {
    return this.#start(args, "");
  }

  version(): Promise<string> {
    return this.#start(["--version"], "");
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#kept?.close();
  }

  async #run(commands: readonly string[]): Promise<void> {
    const kept = lengthOf(commands) <= maxKeptLineCharacters ? await this.#keep() : undefined;
    if (kept === undefined) await this.#start(["-f", "-"], `${commands.join("\n")}\n`);
    else await kept.run(commands.join("; "));
  }

  async #keep(): Promise<KeptNft | undefined> {
    if (this.#cannotBeKept) return undefined;
    if (this.#kept !== undefined && this.#kept.fedCharacters > maxKeptHistoryCharacters) {
      await this.#kept.close();
    }
    if (this.#kept === undefined || this.#kept.hasEnded) {
      this.#kept = new KeptNft(this.#command);
      // Before anything depends on it: it may have no such mode.
      this.#cannotBeKept = await this.#kept.run("").then(
        () => false,
        () => true,
      );
    }
    return this.#cannotBeKept ? undefined : this.#kept;
  }

  /** Its output. */
  #start(args: readonly string[], input: string): Promise<string> {
    const [program = "nft", ...own] = this.#command;
    const child = spawn(program, [...own, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    const output: string[] = [];
    let complaint = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(0, maxComplaintCharacters);
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.once("error", error => reject(new NftError(error.message)));
      child.once("close", exitCode => {
        if (exitCode === 0) resolve(output.join(""));
        else reject(new NftError(complaint));
      });
    });
  }
}

function lengthOf(commands: readonly string[]): number {
  return commands.reduce((sum, command) => sum + command.length + 2, 0);
}
