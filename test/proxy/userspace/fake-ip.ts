/** An `ip` that keeps addresses as the kernel does: adding twice and deleting what is not there fail. */

import type { IpProgram, NetworkInterface } from "../../../src/proxy/userspace/ip-program.ts";

interface Held {
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly label?: string;
  readonly metric?: number;
}

export class FakeIp implements IpProgram {
  /** By interface. */
  readonly interfaces = new Map<string, Map<string, Held>>();
  readonly hasDummyDevices: boolean;
  /** Every command that was given, failed or not. */
  readonly commands: string[] = [];
  /** Reasons for which addresses are refused. */
  readonly refused = new Map<string, string>();

  /** Times that an IPv6 address has no route when it is asked for. */
  questionsInVain = 0;
  questionCount = 0;

  /** With an address of the loopback interface, and `addresses` (`192.0.2.1/24`) on `eth0`. */
  constructor({ hasDummyDevices = true, addresses = [] as readonly string[] } = {}) {
    this.hasDummyDevices = hasDummyDevices;
    this.interfaces.set("lo", new Map());
    this.interfaces.set("eth0", new Map());
    this.#do("address replace 127.0.0.1/8 dev lo scope host label lo");
    for (const address of addresses) this.#do(`address replace ${address} dev eth0`);
  }

  async run(commands: readonly string[]): Promise<ReadonlyMap<number, string>> {
    this.commands.push(...commands);
    const failures = new Map<number, string>();
    for (const [index, command] of commands.entries()) {
      const failure = this.#do(command);
      if (failure !== undefined) failures.set(index, failure);
    }
    return failures;
  }

  async addresses(): Promise<readonly NetworkInterface[]> {
    return Array.from(this.interfaces, ([ifname, held]) => ({ ifname, addr_info: [...held.values()] }));
  }

  async reachedHere(addresses: readonly string[]): Promise<ReadonlySet<string>> {
    this.questionCount++;
    if (this.questionCount <= this.questionsInVain) return new Set();
    const all = [...this.interfaces.values()].flatMap(held => [...held.values()]);
    return new Set(addresses.filter(address => all.some(({ local }) => local === address)));
  }

  /** `address/prefix` in the order in which they came. */
  on(device: string): readonly string[] {
    return Array.from(this.interfaces.get(device)?.keys() ?? []);
  }

  #do(command: string): string | undefined {
    const [object = "", verb = "", subject = "", ...rest] = command.split(" ");
    return object === "link" ? this.#doLink(verb, subject) : this.#doAddress(verb, subject, wordsOf(rest));
  }

  #doLink(verb: string, name: string): string | undefined {
    if (verb === "add") {
      if (!this.hasDummyDevices) return "Error: Unknown device type.";
      this.interfaces.set(name, new Map());
      return undefined;
    }
    if (!this.interfaces.has(name)) return `Cannot find device "${name}"`;
    if (verb === "del") this.interfaces.delete(name);
    return undefined;
  }

  #doAddress(verb: string, network: string, words: ReadonlyMap<string, string>): string | undefined {
    const [local = "", prefix] = network.split("/");
    const refusal = this.refused.get(local);
    if (refusal !== undefined) return refusal;
    const held = this.interfaces.get(words.get("dev") ?? "");
    if (held === undefined) return "Cannot find device";
    if (verb === "del") return held.delete(network) ? undefined : "Error: ipv4: Address not found.";
    const [label, metric] = [words.get("label"), words.get("metric")];
    held.set(network, {
      local,
      prefixlen: Number(prefix),
      scope: words.get("scope") ?? "global",
      ...(label === undefined ? {} : { label }),
      ...(metric === undefined ? {} : { metric: Number(metric) }),
    });
    return undefined;
  }
}

/** `nodad` stands alone; all other words come in pairs. */
function wordsOf(words: readonly string[]): ReadonlyMap<string, string> {
  const pairs = words.filter(word => word !== "nodad");
  return new Map(pairs.flatMap((word, index) => (index % 2 === 0 ? [[word, pairs[index + 1] ?? ""]] : [])));
}
