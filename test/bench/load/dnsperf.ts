/** The same load from dnsperf, for those who would rather trust somebody else's generator. */

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Asked, LoadRequest, LoadResult } from "./load-request.ts";

const socketCount = 8;
/** More than any server can answer in the time; each is asked once. */
const newNamesPerSecond = 300_000;
const newLetters = 12;

/** With a window only. Rejects when there is no dnsperf on the PATH. */
export async function runDnsperf({ server, asked, pace, seconds }: LoadRequest): Promise<LoadResult> {
  if (pace.kind !== "window")
    throw new Error("dnsperf's latencies are means; the load generator has percentiles");
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-bench-"));
  try {
    const file = join(directory, "names");
    await writeFile(file, namesFor(asked, seconds));
    const where = ["-s", server.host, "-p", `${server.port}`, "-d", file];
    const load = ["-c", `${socketCount}`, "-q", `${pace.outstanding}`, "-l", `${seconds}`];
    const once = asked.isEachNew ? ["-n", "1"] : [];
    const { stdout } = await promisify(execFile)("dnsperf", [...where, ...load, ...once]);
    return resultOf(stdout, asked);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function namesFor({ names, isEachNew }: Asked, seconds: number): string {
  if (!isEachNew) return names.map(name => `${name} A\n`).join("");
  const [name = ""] = names;
  const count = Math.ceil(newNamesPerSecond * seconds);
  return Array.from({ length: count }, () => `${randomLetters()}${name.slice(newLetters)} A\n`).join("");
}

function randomLetters(): string {
  return Array.from({ length: newLetters }, () =>
    String.fromCharCode(97 + Math.floor(Math.random() * 16)),
  ).join("");
}

function resultOf(text: string, { expected }: Asked): LoadResult {
  const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
  const completed = number(/Queries completed: +(\d+)/);
  const answered = number(expected === "nxdomain" ? /NXDOMAIN (\d+)/ : /NOERROR (\d+)/);
  return {
    seconds: number(/Run time \(s\): +([\d.]+)/),
    sent: number(/Queries sent: +(\d+)/),
    answered,
    wrong: completed - answered,
    lost: number(/Queries lost: +(\d+)/),
    latency: undefined,
  };
}
