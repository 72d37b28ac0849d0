/** A node whose programs keep state. */

import type { Machine } from "../../../src/proxy/leftovers/machine.ts";
import { ProgramMissingError } from "../../../src/proxy/leftovers/machine.ts";
import { FakeTables } from "./fake-tables.ts";

const protocolFamilies = { ip: "iptables", ip6: "ip6tables" } as const;

export class FakeNode implements Machine {
  /** By program: `ip6tables-legacy`. Those of the variant nft are what nft lists. */
  readonly tables: ReadonlyMap<string, FakeTables> = new Map(
    ["iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"].map(tool => [
      tool,
      new FakeTables(),
    ]),
  );
  /** `ip kube-proxy` */
  readonly nftTables = new Set<string>();
  readonly interfaces = new Set(["lo"]);
  readonly ipsets = new Set<string>();
  /** As `-A -t 10.96.0.1:443` */
  readonly virtualServers = new Set<string>();
  readonly missingPrograms = new Set<string>();
  /** By the beginning of a command: what it fails with, and how often. */
  readonly failures = new Map<string, { readonly message: string; times: number }>();
  /** More than so many commands are too long for a transaction of nft. */
  mostNftCommands = Number.POSITIVE_INFINITY;
  readonly commands: string[] = [];

  async run([program, ...args]: readonly [string, ...string[]], input = ""): Promise<string> {
    const command = [program, ...args].join(" ");
    if (this.missingPrograms.has(program)) throw new ProgramMissingError(`there is no program ${program}`);
    this.commands.push(command);
    for (const [beginning, failure] of this.failures) {
      if (command.startsWith(beginning) && failure.times-- > 0) throw new Error(failure.message);
    }
    if (program === "nft") return this.#nft(args, input);
    if (program === "ipset") return this.#ipset(args);
    if (program === "ipvsadm") return this.#ipvsadm(args);
    if (command === "ip link delete kube-ipvs0") return String(this.interfaces.delete("kube-ipvs0"));
    return this.#iptables(program, input);
  }

  async read(path: string): Promise<string> {
    switch (path) {
      case "/proc/net/ip_tables_names":
        return this.#legacyNames("iptables-legacy");
      case "/proc/net/ip6_tables_names":
        return this.#legacyNames("ip6tables-legacy");
      case "/proc/net/dev":
        return `Inter-|   Receive\n${[...this.interfaces].map(name => `${name.padStart(6)}: 0 0\n`).join("")}`;
      default:
        throw new Error(`Nobody should read ${path}.`);
    }
  }

  table(tool: string): FakeTables {
    const tables = this.tables.get(tool);
    if (tables === undefined) throw new Error(`no program ${tool}`);
    return tables;
  }

  #legacyNames(tool: string): string {
    return this.table(tool)
      .names.map(name => `${name}\n`)
      .join("");
  }

  #iptables(program: string, input: string): string {
    const [, tool = "", verb] = /^(.*)-(save|restore)$/.exec(program) ?? [];
    const tables = this.table(tool);
    if (verb === "save") return tables.save();
    tables.transact(() => tables.restore(input));
    return "";
  }

  #nft(args: readonly string[], input: string): string {
    const [first, ...rest] = args;
    if (args.join(" ") === "list chains") return this.#listChains();
    if (first === "-a") return this.#listTable(rest[2], rest[3]);
    if (first === "-f") return this.#transact(input.trim().split("\n"));
    if (first !== "delete" || !this.nftTables.delete(rest.slice(1).join(" ")))
      throw new Error("no such table");
    return "";
  }

  #listChains(): string {
    const native = [...this.nftTables].map(table => `table ${table} {\n\tchain services {\n\t}\n}\n`);
    const others = Object.entries(protocolFamilies).flatMap(([family, program]) => {
      const tables = this.table(`${program}-nft`);
      return tables.names.map(name => {
        const chains = [...tables.chainsOf(name).keys()].map(chain => `\tchain ${chain} {\n\t}\n`);
        return `table ${family} ${name} {\n${chains.join("")}}\n`;
      });
    });
    return [...native, ...others].join("");
  }

  #listTable(family = "", name = ""): string {
    const chains = [...this.#nftFamily(family).chainsOf(name)].map(([chain, rules]) => {
      const lines = rules.map(({ target, handle }) => {
        const isChain = this.#nftFamily(family).chainsOf(name).has(target);
        return `\t\t counter packets 0 bytes 0 ${isChain ? `jump ${target}` : "accept"} # handle ${handle}\n`;
      });
      return `\tchain ${chain} { # handle 1\n${lines.join("")}\t}\n`;
    });
    return `table ${family} ${name} { # handle 1\n${chains.join("\n")}}\n`;
  }

  #transact(commands: readonly string[]): string {
    if (commands.length > this.mostNftCommands) throw new Error("Message too long");
    for (const tables of this.tables.values()) {
      const own = commands.filter(command => this.#nftFamily(command.split(" ")[2]) === tables);
      tables.transact(() => {
        for (const command of own) this.#nftCommand(tables, command.split(" "));
      });
    }
    return "";
  }

  #nftCommand(tables: FakeTables, words: readonly string[]): void {
    const [verb, kind, , table = "", chain = "", , handle] = words;
    if (kind === "rule") tables.deleteRule(table, chain, rule => rule.handle === Number(handle));
    else if (verb === "flush") tables.flushChain(table, chain);
    else tables.deleteChain(table, chain);
  }

  #nftFamily(family = ""): FakeTables {
    return this.table(family === "ip" ? "iptables-nft" : "ip6tables-nft");
  }

  #ipset([verb, name = ""]: readonly string[]): string {
    if (verb === "list") return [...this.ipsets].map(set => `${set}\n`).join("");
    if (!this.ipsets.delete(name)) throw new Error(`no set ${name}`);
    return "";
  }

  #ipvsadm([verb, ...words]: readonly string[]): string {
    if (verb === "--save") {
      return [...this.virtualServers]
        .map(server => `${server} -s rr\n${server.replace("-A", "-a")} -r x:1 -m\n`)
        .join("");
    }
    if (verb === "--clear") this.virtualServers.clear();
    else if (!this.virtualServers.delete(`-A ${words.join(" ")}`)) throw new Error("no such service");
    return "";
  }
}
