/** The addresses of the machine's network interfaces, by way of the program `ip` (iproute2). */

import { execFile } from "node:child_process";
import type { IPFamily } from "../../cluster/objects.ts";

export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** Undefined unless it is an Ethernet interface. */
  readonly hardwareAddress: Uint8Array | undefined;
  readonly addresses: readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  readonly address: string;
  /** It was put there by us: no other program makes addresses with all of the same marks. */
  readonly isOurs: boolean;
}

/** One change; `put` also prolongs the life of an address. */
export interface AddressChange {
  readonly kind: "put" | "remove";
  readonly address: string;
  readonly family: IPFamily;
  readonly interfaceName: string;
  readonly lifetimeSeconds: number;
}

export interface InterfaceAddresses {
  /** All interfaces. */
  list(): Promise<readonly NetworkInterface[]>;
  /** Does as much as can be done; rejects with what could not. */
  apply(changes: readonly AddressChange[]): Promise<void>;
}

/** `command` may begin with words that make it run elsewhere. Needs CAP_NET_ADMIN to change anything. */
export function ipProgram(command: readonly string[] = ["ip"]): InterfaceAddresses {
  return {
    list: async () => {
      const text = await run([...command, "-json", "-details", "address", "show"], "");
      return (JSON.parse(text) as readonly ListedInterface[]).map(interfaceOf);
    },
    apply: async changes => {
      const commands = changes.map(change => `${commandOf(change)}\n`).join("");
      await run([...command, "-force", "-batch", "-"], commands);
    },
  };
}

/**
 * Addresses that end by themselves, so that a killed process leaves none behind for long. Besides they are never chosen
 * as the source of the node's own connections: IPv4 by the scope, IPv6 by being deprecated from the beginning.
 */
function commandOf({ kind, address, family, interfaceName, lifetimeSeconds }: AddressChange): string {
  const place = `${address}/${family === "IPv4" ? 32 : 128} dev ${interfaceName}`;
  if (kind === "remove") return `address del ${place}`;
  const life = `valid_lft ${lifetimeSeconds} preferred_lft`;
  return family === "IPv4"
    ? `address replace ${place} scope host ${life} ${lifetimeSeconds}`
    : `address replace ${place} nodad noprefixroute ${life} 0`;
}

interface ListedInterface {
  readonly ifname: string;
  readonly ifindex: number;
  readonly link_type: string;
  readonly address?: string;
  readonly addr_info: readonly ListedAddress[];
}

interface ListedAddress {
  readonly family?: string;
  readonly local?: string;
  readonly prefixlen?: number;
  readonly scope?: string;
  readonly dynamic?: boolean;
  readonly nodad?: boolean;
  readonly deprecated?: boolean;
}

function interfaceOf({
  ifname,
  ifindex,
  link_type,
  address = "",
  addr_info,
}: ListedInterface): NetworkInterface {
  return {
    name: ifname,
    index: ifindex,
    hardwareAddress: link_type === "ether" ? Buffer.from(address.replaceAll(":", ""), "hex") : undefined,
    addresses: addr_info.map(listed => ({ address: listed.local ?? "", isOurs: isOurs(listed) })),
  };
}

function isOurs({ family, prefixlen, scope, dynamic, nodad, deprecated }: ListedAddress): boolean {
  if (dynamic !== true) return false;
  return family === "inet"
    ? prefixlen === 32 && scope === "host"
    : prefixlen === 128 && nodad === true && deprecated === true;
}

function run([program = "", ...args]: readonly string[], input: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(
    program,
    args,
    { maxBuffer: maxOutputBytes, timeout: patienceMs },
    (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(explain(error as NodeJS.ErrnoException, program, stderr), { cause: error }));
    },
  );
  // Whoever has ended already says so by its exit code.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  return promise;
}

const maxOutputBytes = 64 * 1024 * 1024;
const patienceMs = 5_000;

function explain({ code, message }: NodeJS.ErrnoException, program: string, stderr: string): string {
  if (code === "ENOENT") return `there is no program ${program}; install iproute2`;
  return stderr.trim().split("\n")[0] || message;
}
