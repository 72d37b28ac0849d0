/** A memory cgroup with a limit, as a container has one: what is charged to it, and what was refused. */

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the two versions say the same. */
interface Version {
  readonly root: string;
  readonly limit: string;
  readonly usage: string;
  /** Set back by writing to it; undefined where the kernel cannot do that for everybody. */
  readonly peak: string | undefined;
  readonly failures: (read: (file: string) => string) => number;
  readonly kills: (read: (file: string) => string) => number;
}

const versions: readonly Version[] = [
  {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    peak: "memory.max_usage_in_bytes",
    failures: read => Number(read("memory.failcnt")),
    kills: read => fieldOf(read("memory.oom_control"), "oom_kill"),
  },
  {
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    usage: "memory.current",
    // Only who keeps memory.peak open can set back what he sees of it, and only since Linux 6.12.
    peak: undefined,
    failures: read => fieldOf(read("memory.events"), "max"),
    kills: read => fieldOf(read("memory.events"), "oom_kill"),
  },
];

const mebibyte = 2 ** 20;
/** Where the kernel keeps no peak. */
const lookIntervalMs = 10;

/** What was seen since the last `takeReading`. */
export interface GroupReading {
  /** Everything: heaps, buffers, page tables, and files that nobody else had read before. */
  readonly peakChargedMiB: number;
  /** How often the kernel had to look for room, as the limit was reached. */
  readonly failures: number;
  readonly kills: number;
}

export class MemoryGroup implements Disposable {
  readonly #version: Version;
  readonly #folder: string;
  readonly #timer: NodeJS.Timeout;
  #seenBytes = 0;
  #failures = 0;
  #kills = 0;

  private constructor(version: Version, folder: string) {
    this.#version = version;
    this.#folder = folder;
    this.#timer = setInterval(() => this.#look(), lookIntervalMs);
  }

  /** Throws an error that says what is missing where no group can be made. */
  static create(limitMiB: number): MemoryGroup {
    const version = versions.find(({ root }) => existsSync(root) && hasMemoryControl(root));
    if (version === undefined)
      throw new Error(`no memory cgroup: none at ${versions.map(rootOf).join(", ")}`);
    const folder = join(version.root, `frontdesk-bench-${process.pid}`);
    try {
      if (version.peak === undefined) writeFileSync(join(version.root, "cgroup.subtree_control"), "+memory");
      mkdirSync(folder);
      writeFileSync(join(folder, version.limit), String(limitMiB * mebibyte));
    } catch (error) {
      throw new Error(`no memory cgroup: ${(error as Error).message}; it takes root`);
    }
    return new MemoryGroup(version, folder);
  }

  /** A command that runs the other one inside of the group, from its first page on. */
  inside(command: readonly string[]): readonly string[] {
    return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', join(this.#folder, "cgroup.procs"), ...command];
  }

  /** What happened since the last time. */
  takeReading(): GroupReading {
    this.#look();
    const read = (file: string) => this.#read(file);
    const { peak, failures, kills } = this.#version;
    const reading = {
      peakChargedMiB: (peak === undefined ? this.#seenBytes : Number(read(peak))) / mebibyte,
      failures: failures(read) - this.#failures,
      kills: kills(read) - this.#kills,
    };
    this.#failures += reading.failures;
    this.#kills += reading.kills;
    this.#seenBytes = 0;
    if (peak !== undefined) writeFileSync(join(this.#folder, peak), "0");
    return reading;
  }

  /** Its processes must have ended. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    rmdirSync(this.#folder);
  }

  #look(): void {
    this.#seenBytes = Math.max(this.#seenBytes, Number(this.#read(this.#version.usage)));
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8");
  }
}

function rootOf({ root }: Version): string {
  return root;
}

function hasMemoryControl(root: string): boolean {
  const controllers = join(root, "cgroup.controllers");
  if (existsSync(controllers)) return readFileSync(controllers, "utf8").split(/\s/).includes("memory");
  return existsSync(join(root, "memory.usage_in_bytes"));
}

/** Of lines like `oom_kill 0`. */
function fieldOf(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}
