/** Which processors the parts of a bench run on, so that what drives the load takes nothing from what is measured. */

import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

const last = cpus().length - 1;
const canChoose = last > 0 && hasTaskset();

/** What stands before the command of a server that has the first processor for itself; nothing without taskset(1). */
export const onOwnCpu: readonly string[] = canChoose ? ["taskset", "--cpu-list", "0"] : [];

/** And before that of one that may use all of them, whatever its parent may. */
export const onAllCpus: readonly string[] = canChoose ? ["taskset", "--cpu-list", `0-${last}`] : [];

/** Keeps this process, and those it starts from now on, off the first processor. */
export function leaveFirstCpu(): void {
  if (!canChoose) return;
  const words = ["--all-tasks", "--pid", "--cpu-list", `1-${last}`, `${process.pid}`];
  execFileSync("taskset", words, { stdio: "ignore" });
}

function hasTaskset(): boolean {
  try {
    execFileSync("taskset", ["--cpu-list", "0", "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
