/** The node that leftovers are looked for on, as far as that needs one: its programs and its files. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

export interface Machine {
  /** Output of a program. Rejects with ProgramMissingError, or with what the program had to complain of. */
  run(command: readonly [program: string, ...args: string[]], input?: string): Promise<string>;
  /** "" for a file that is not there. */
  read(path: string): Promise<string>;
}

/** There is no such program here. */
export class ProgramMissingError extends Error {
  override readonly name = "ProgramMissingError";
}

/** The one we run on, in our own network namespace. */
export const thisMachine: Machine = { run, read: path => readFile(path, "utf8").catch(() => "") };

const execute = promisify(execFile);

async function run([program, ...args]: readonly [string, ...string[]], input = ""): Promise<string> {
  // Rules for thousands of Services are tens of megabytes of text.
  const running = execute(program, args, { maxBuffer: Number.POSITIVE_INFINITY });
  // A program that ends before it has read everything says why on its own.
  running.child.stdin?.on("error", () => {}).end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    throw explained(program, error);
  }
}

function explained(program: string, error: unknown): Error {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") {
    return new ProgramMissingError(`there is no program ${program}`, { cause: error });
  }
  const { message, stderr = "" } = error as Error & { readonly stderr?: string };
  // nft warns of every table of iptables that it lists.
  const complaint = stderr.split("\n").find(line => line.trim() !== "" && !line.startsWith("# Warning"));
  return new Error(complaint?.trim() ?? message, { cause: error });
}
