/** The kernel's table by way of the program `conntrack` (conntrack-tools), which every kube-proxy image once had. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { IPFamily } from "../../cluster/objects.ts";
import type { ConntrackTable, UdpFlow } from "./udp-flow.ts";
import { parseUdpFlow } from "./udp-flow.ts";

/** There is no such program here. */
export class ConntrackMissingError extends Error {
  override readonly name = "ConntrackMissingError";
}

const run = promisify(execFile);
const familyNames: Readonly<Record<IPFamily, string>> = { IPv4: "ipv4", IPv6: "ipv6" };
const maxErrorCharacters = 1000;

/**
 * `program` is a name to look up or a path. Needs CAP_NET_ADMIN. Rejects with ConntrackMissingError, or with what the
 * program had to say.
 */
export function conntrackProgram(program = "conntrack"): ConntrackTable {
  return {
    list: (family, signal) => list(program, family, signal),
    delete: (family, flow, signal) => deleteFlow(program, family, flow, signal),
  };
}

async function* list(program: string, family: IPFamily, signal: AbortSignal): AsyncGenerator<UdpFlow> {
  const args = ["-L", "-p", "udp", "-f", familyNames[family], "-o", "extended"];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], signal });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-maxErrorCharacters);
  });
  // Awaited only after the output, but a program that cannot be started says so before.
  const ended: Promise<unknown[]> = once(child, "close");
  ended.catch(() => {});
  try {
    yield* flowsIn(child.stdout.setEncoding("utf8"));
    const [exitCode] = await ended.catch((error: unknown) => {
      throw explained(error);
    });
    if (exitCode !== 0) throw new Error(lastLineOf(complaint));
  } finally {
    child.kill();
  }
}

/** Line by line as they come: the table of a busy node is tens of megabytes of text. */
async function* flowsIn(chunks: AsyncIterable<string>): AsyncGenerator<UdpFlow> {
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const flow = parseUdpFlow(line);
      if (flow !== undefined) yield flow;
    }
  }
}

async function deleteFlow(
  program: string,
  family: IPFamily,
  flow: UdpFlow,
  signal: AbortSignal,
): Promise<number> {
  const { destination, destinationPort, backend, backendPort } = flow;
  const original = ["--orig-dst", destination, "--orig-port-dst", String(destinationPort)];
  const reply = ["--reply-src", backend, "--reply-port-src", String(backendPort)];
  const args = ["-D", "-p", "udp", "-f", familyNames[family], ...original, ...reply];
  // That nothing was left to delete is a failure to the program, and none to us.
  const { stderr } = await run(program, args, { signal, maxBuffer: maxDeletedBytes }).catch(
    (error: unknown) => ({ stderr: saysHowMany(error) ? error.stderr : rethrow(error) }),
  );
  return Number(countDeleted.exec(stderr)?.[1] ?? 0);
}

/** The program prints each entry that it deletes. */
const maxDeletedBytes = 256 * 1024 * 1024;
const countDeleted = /(\d+) flow entries have been deleted/;

function saysHowMany(error: unknown): error is { readonly stderr: string } {
  return countDeleted.test((error as { readonly stderr?: string }).stderr ?? "");
}

function rethrow(error: unknown): never {
  const { stderr = "" } = error as { readonly stderr?: string };
  throw stderr === "" ? explained(error) : new Error(lastLineOf(stderr), { cause: error });
}

function explained(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return error;
  return new ConntrackMissingError("there is no program conntrack", { cause: error });
}

/** Behind the program's own name and version. */
function lastLineOf(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  return line.replace(/^conntrack v\S+ \(conntrack-tools\): /, "");
}
