/** Tables of one iptables, which refuse what the kernel refuses. Rules are kept as iptables-save writes them. */

interface Rule {
  readonly text: string;
  readonly handle: number;
  /** A chain, or something that is none: `DNAT`. */
  readonly target: string;
}

const builtInChains: Readonly<Record<string, readonly string[]>> = {
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
};

export class FakeTables {
  #tables = new Map<string, Map<string, Rule[]>>();
  #handle = 0;

  get names(): readonly string[] {
    return [...this.#tables.keys()];
  }

  chainsOf(table: string): ReadonlyMap<string, readonly Rule[]> {
    return this.#tables.get(table) ?? new Map();
  }

  /** Takes all of it or throws. */
  transact(change: () => void): void {
    const before = new Map(
      [...this.#tables].map(([name, chains]) => [
        name,
        new Map([...chains].map(([chain, rules]) => [chain, [...rules]])),
      ]),
    );
    try {
      change();
    } catch (error) {
      this.#tables = before;
      throw error;
    }
  }

  /** As `iptables-restore --noflush`. */
  restore(text: string): void {
    let table = "";
    for (const line of text.split("\n")) {
      const [word = "", chain = "", ...rest] = line.split(" ");
      if (word.startsWith("*")) table = this.#open(word.slice(1));
      else if (word.startsWith(":")) this.#chains(table).set(word.slice(1), []);
      else if (word === "-A") this.#rules(table, chain).push(this.#rule(rest.join(" ")));
      else if (word === "-I") this.#rules(table, chain).unshift(this.#rule(rest.slice(1).join(" ")));
      else if (word === "-D") this.deleteRule(table, chain, rule => rule.text === rest.join(" "));
      else if (word === "-X") this.deleteChain(table, chain);
    }
  }

  /** As iptables-save, without comments and counters. */
  save(): string {
    return this.names
      .flatMap(table => {
        const chains = [...this.#chains(table)];
        const heads = chains.map(
          ([chain]) => `:${chain} ${builtInChains[table]?.includes(chain) ? "ACCEPT" : "-"} [0:0]`,
        );
        const rules = chains.flatMap(([chain, own]) => own.map(({ text }) => `-A ${chain} ${text}`));
        return [`*${table}`, ...heads, ...rules, "COMMIT\n"];
      })
      .join("\n");
  }

  deleteRule(table: string, chain: string, isMeant: (rule: Rule) => boolean): void {
    const rules = this.#rules(table, chain);
    const index = rules.findIndex(isMeant);
    if (index < 0) throw new Error(`no such rule in ${chain}`);
    rules.splice(index, 1);
  }

  flushChain(table: string, chain: string): void {
    this.#rules(table, chain).length = 0;
  }

  deleteChain(table: string, chain: string): void {
    if (this.#rules(table, chain).length > 0) throw new Error(`chain ${chain} is not empty`);
    const all = [...this.#chains(table).values()].flat();
    if (all.some(({ target }) => target === chain)) throw new Error(`chain ${chain} is busy`);
    this.#chains(table).delete(chain);
  }

  #open(table: string): string {
    const fresh = () => new Map((builtInChains[table] ?? []).map(chain => [chain, [] as Rule[]]));
    this.#tables.set(table, this.#tables.get(table) ?? fresh());
    return table;
  }

  #chains(table: string): Map<string, Rule[]> {
    const chains = this.#tables.get(table);
    if (chains === undefined) throw new Error(`no table ${table}`);
    return chains;
  }

  #rules(table: string, chain: string): Rule[] {
    const rules = this.#chains(table).get(chain);
    if (rules === undefined) throw new Error(`no chain ${chain}`);
    return rules;
  }

  #rule(text: string): Rule {
    const target = / ?-j (\S+)(?: --\S+ \S+| --random-fully)*$/.exec(text)?.[1] ?? "";
    return { text, target, handle: ++this.#handle };
  }
}
