/** What a process and its children use, as proc(5) tells it. */

import { readdirSync, readFileSync } from "node:fs";

/** USER_HZ, which is 100 on every architecture that Node.js runs on. */
const ticksPerSecond = 100;
/** nft is started for a moment, and leaves no trace of the memory it took. */
const lookIntervalMs = 20;

/** VmRSS of the process and its children, added up: pages that they share count more than once. */
export function residentMiB(processId: number): number {
  const processes = [processId, ...childrenOf(processId)];
  return processes.reduce((sum, one) => sum + statusMiB(one, "VmRSS"), 0);
}

/** User and system time of the process and its children, also of those that have ended. */
export function cpuSeconds(processId: number): number {
  const processes = [processId, ...childrenOf(processId)];
  return processes.reduce((sum, one) => sum + cpuTicks(one), 0) / ticksPerSecond;
}

/** The most memory that a process and its children have held together since this was made, as far as it was seen. */
export class PeakMemory implements Disposable {
  readonly #processId: number;
  readonly #timer: NodeJS.Timeout;
  #mebibytes = 0;

  constructor(processId: number) {
    this.#processId = processId;
    this.#timer = setInterval(() => this.#look(), lookIntervalMs);
  }

  /** At least VmHWM of the process itself, which misses nothing. */
  read(): number {
    this.#look();
    return Math.max(this.#mebibytes, statusMiB(this.#processId, "VmHWM"));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#mebibytes = Math.max(this.#mebibytes, residentMiB(this.#processId));
  }
}

/** Each thread has children of its own. */
function childrenOf(processId: number): readonly number[] {
  const folder = `/proc/${processId}/task`;
  return namesIn(folder).flatMap(thread => {
    const children = readIfThere(`${folder}/${thread}/children`).trim();
    return children === "" ? [] : children.split(" ").map(Number);
  });
}

function statusMiB(processId: number, field: "VmRSS" | "VmHWM"): number {
  const status = readIfThere(`/proc/${processId}/status`);
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
}

/** The fields from utime to cstime. The name of the program may hold blanks and brackets. */
function cpuTicks(processId: number): number {
  const fields = readIfThere(`/proc/${processId}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
}

/** Processes and threads may end at any moment. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
