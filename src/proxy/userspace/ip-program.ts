/** Addresses of the machine by way of the program `ip` (iproute2): netlink is out of reach of Node without native code. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** What `ip -json address show` says of an interface, as far as it is used. */
export interface NetworkInterface {
  readonly ifname: string;
  readonly addr_info: readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  readonly local: string;
  readonly prefixlen: number;
  /** `link` on addresses that the kernel makes itself. */
  readonly scope: string;
  /** IPv4 only. */
  readonly label?: string;
  /** IPv6 only. */
  readonly metric?: number;
}

export interface IpProgram {
  /**
   * Carries out each command, `address del 10.96.0.1/32 dev lo`, whatever becomes of the others. The reasons of those
   * that failed, by index. Rejects when ip cannot be run or does not understand.
   */
  run(commands: readonly string[]): Promise<ReadonlyMap<number, string>>;
  addresses(): Promise<readonly NetworkInterface[]>;
  /** Those of the addresses for which the machine takes packets in. */
  reachedHere(addresses: readonly string[]): Promise<ReadonlySet<string>>;
}

/** `command` is what to run, to which arguments are added: `["ip"]`. Changes need CAP_NET_ADMIN. */
export function ipProgram(command: readonly string[] = ["ip"]): IpProgram {
  return {
    run: async commands => {
      if (commands.length === 0) return new Map();
      const { complaint, exitCode } = await runIp(command, ["-force", "-batch", "-"], commands.join("\n"));
      const { failures, rest } = readComplaint(complaint);
      // What ip does not understand ends the batch, and is followed by no number.
      if (exitCode !== 0 && (failures.size === 0 || rest !== "")) throw new Error(rest || `ip: ${exitCode}`);
      return failures;
    },
    addresses: async () => {
      const { output, complaint, exitCode } = await runIp(command, ["-json", "address", "show"], "");
      if (exitCode !== 0) throw new Error(complaint.trim());
      return JSON.parse(output);
    },
    reachedHere: async addresses => {
      const questions = addresses.map(address => `route get ${address}`);
      const { output } = await runIp(command, ["-force", "-batch", "-"], questions.join("\n"));
      return new Set(Array.from(output.matchAll(/^local (\S+) /gm), ([, address = ""]) => address));
    },
  };
}

async function runIp([program = "", ...first]: readonly string[], args: readonly string[], input: string) {
  const child = spawn(program, [...first, ...args]);
  // An ip that ends early does not read on; what it says then tells more than the broken pipe.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [output, complaint, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    throw new Error("there is no program ip: install iproute2", { cause: error });
  });
  return { output, complaint, exitCode };
}

/** Reasons come before `Command failed -:3`, lines counted from 1. */
function readComplaint(complaint: string) {
  const failures = new Map<number, string>();
  let reason: string[] = [];
  for (const line of complaint.split("\n")) {
    const [, number] = /^Command failed -:(\d+)$/.exec(line) ?? [];
    if (number === undefined) reason.push(line);
    else {
      failures.set(Number(number) - 1, reason.join(" ").trim());
      reason = [];
    }
  }
  return { failures, rest: reason.join(" ").trim() };
}
