/** nft and the kernel's tables in memory: what does not exist cannot be deleted, what is in use neither. */

import { NftError } from "../../../src/proxy/nftables/nft-error.ts";
import type { NftRunner } from "../../../src/proxy/nftables/nft-runner.ts";

export interface FakeTable {
  /** Rules by chain. */
  readonly chains: Map<string, string[]>;
  /** Declarations of chains that are hooked in. */
  readonly hooks: Map<string, string>;
  readonly declarations: Map<string, string>;
  /** Value and comment by key, by set or map. */
  readonly elements: Map<string, Map<string, string>>;
}

type Tables = Map<string, FakeTable>;

export class FakeNft implements NftRunner {
  #tables: Tables = new Map();
  readonly #failures: string[] = [];
  /** Every transaction that was done. */
  readonly transactions: (readonly string[])[] = [];

  /** Undefined when there is none; `name` is `ip frontdesk`. */
  table(name: string): FakeTable | undefined {
    return this.#tables.get(name);
  }

  /** What `nft flush ruleset` does. */
  flushRuleset(): void {
    this.#tables.clear();
  }

  /** The next transactions fail with these complaints, one each, whatever they are. */
  failNext(...complaints: readonly string[]): void {
    this.#failures.push(...complaints);
  }

  async run(commands: readonly string[]): Promise<void> {
    this.#tables = this.#after(commands);
    this.transactions.push(commands);
  }

  async check(commands: readonly string[]): Promise<void> {
    this.#after(commands);
  }

  async list(args: readonly string[]): Promise<string> {
    const [, what, family = "", name, map = ""] = args;
    if (what === "chains") return [...this.#tables].map(entry => listChains(entry, family)).join("\n");
    const elements = this.#tables.get(`${family} ${name}`)?.elements.get(map);
    if (elements === undefined) throw refusal("No such file or directory", args.join(" "));
    const entries = [...elements].map(([key, value]) => `${key} : ${value}`);
    return `table ${family} ${name} {\n\tmap ${map} {\n\t\telements = { ${entries.join(",\n\t\t\t")} }\n\t}\n}\n`;
  }

  async version(): Promise<string> {
    return "nftables v1.0.6 (fake)\n";
  }

  async close(): Promise<void> {}

  #after(commands: readonly string[]): Tables {
    const failure = this.#failures.shift();
    if (failure !== undefined) throw refusal(failure, commands[0] ?? "");
    const tables = structuredClone(this.#tables);
    for (const command of commands) apply(tables, command);
    return tables;
  }
}

function listChains([name, { chains }]: [string, FakeTable], family: string): string {
  if (!name.startsWith(`${family} `)) return "";
  return `table ${name} {\n${[...chains.keys()].map(chain => `\tchain ${chain} {\n\t}\n`).join("")}}`;
}

function refusal(complaint: string, command: string): NftError {
  return new NftError(`Error: Could not process rule: ${complaint}\n${command}\n^^^\n`);
}

function apply(tables: Tables, command: string): void {
  const [, verb = "", kind = "", name = "", rest = ""] = /^(\w+) (\w+) (\S+ \S+) ?(.*)$/.exec(command) ?? [];
  if (kind === "table") {
    applyToTable(tables, verb, name);
    return;
  }
  const table = tables.get(name);
  if (table === undefined) throw refusal("No such file or directory", command);
  const [, object = "", body = ""] = /^(\S+) ?(.*)$/.exec(rest) ?? [];
  const act = actions[`${verb} ${kind}`];
  if (act === undefined) throw refusal("syntax error", command);
  const complaint = act(table, object, body);
  if (complaint !== undefined) throw refusal(complaint, command);
}

function applyToTable(tables: Tables, verb: string, name: string): void {
  if (verb === "delete") tables.delete(name);
  else if (!tables.has(name)) {
    tables.set(name, { chains: new Map(), hooks: new Map(), declarations: new Map(), elements: new Map() });
  }
}

type Action = (table: FakeTable, name: string, body: string) => string | undefined;

const gone = "No such file or directory";

const actions: Readonly<Record<string, Action>> = {
  "add set": declare,
  "add map": declare,
  "flush set": flush,
  "flush map": flush,
  "add chain": (table, name, body) => {
    if (table.chains.has(name) && (table.hooks.get(name) ?? "") !== body) return "File exists";
    if (!table.chains.has(name)) table.chains.set(name, []);
    if (body !== "") table.hooks.set(name, body);
    return undefined;
  },
  "flush chain": ({ chains }, name) => {
    if (!chains.has(name)) return gone;
    chains.set(name, []);
    return undefined;
  },
  "delete chain": (table, name) => {
    if (!table.chains.has(name)) return gone;
    if (isUsed(table, name)) return "Device or resource busy";
    table.chains.delete(name);
    return undefined;
  },
  "add rule": (table, name, body) => {
    const known = [...body.matchAll(/(?:goto|jump) (\S+)/g)].every(([, chain = ""]) =>
      table.chains.has(chain),
    );
    const found = [...body.matchAll(/@([a-z-]+)/g)].every(([, set = ""]) => table.declarations.has(set));
    if (!known || !found || !table.chains.has(name)) return gone;
    table.chains.get(name)?.push(body);
    return undefined;
  },
  "add element": (table, name, body) => forEachElement(table, name, body, addElement),
  "delete element": (table, name, body) =>
    forEachElement(table, name, body, (_, elements, key) => (elements.delete(key) ? undefined : gone)),
};

function declare(table: FakeTable, name: string, body: string): string | undefined {
  if ((table.declarations.get(name) ?? body) !== body) return "File exists";
  table.declarations.set(name, body);
  if (!table.elements.has(name)) table.elements.set(name, new Map());
  return undefined;
}

function flush({ elements }: FakeTable, name: string): string | undefined {
  if (!elements.has(name)) return gone;
  elements.set(name, new Map());
  return undefined;
}

function isUsed({ chains, elements }: FakeTable, name: string): boolean {
  const ends = (text: string) => new RegExp(`(?:goto|jump) ${name}(?: |$)`).test(text);
  const others = [...chains].filter(([chain]) => chain !== name);
  return (
    others.some(([, rules]) => rules.some(ends)) ||
    [...elements.values()].some(map => [...map.values()].some(ends))
  );
}

function forEachElement(
  table: FakeTable,
  name: string,
  body: string,
  act: (table: FakeTable, elements: Map<string, string>, key: string, value: string) => string | undefined,
): string | undefined {
  const elements = table.elements.get(name);
  if (elements === undefined) return gone;
  for (const text of body.slice(2, -2).split(", ")) {
    const [key = "", value = ""] = text.split(" : ");
    const [bare = "", comment = ""] = key.split(" comment ");
    const complaint = act(table, elements, bare, comment === "" ? value : `${value} # ${comment}`);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

/** The same again is fine, another value is not; a comment does not make it another. */
function addElement(
  { chains }: FakeTable,
  elements: Map<string, string>,
  key: string,
  value: string,
): string | undefined {
  const [, chain] = /^goto (\S+)/.exec(value) ?? [];
  if (chain !== undefined && !chains.has(chain)) return gone;
  const [old] = elements.get(key)?.split(" # ") ?? [];
  if (old !== undefined && old !== value.split(" # ")[0]) return "File exists";
  if (old === undefined) elements.set(key, value);
  return undefined;
}
