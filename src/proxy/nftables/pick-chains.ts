import type { Element, ElementChanges } from "./element.ts";
import { chainBehind, parsePickChain, pickChainRules } from "./pick-chain.ts";
import { writeRules } from "./table-layout.ts";
import type { TableWords } from "./table-words.ts";

/** Which pick chains the elements of a table lead to, and which of them the kernel has. */
export class PickChains {
  readonly #words: TableWords;
  readonly #references = new Map<string, number>();
  readonly #made: Set<string>;
  /** When the last reference was given up, in milliseconds. */
  readonly #unusedSince = new Map<string, number>();

  /** `made` are chains that an earlier run has left. */
  constructor(words: TableWords, made: Iterable<string>) {
    this.#words = words;
    this.#made = new Set([...made].filter(name => parsePickChain(name) !== undefined));
    for (const name of this.#made) this.#unusedSince.set(name, 0);
  }

  follow({ removed, added }: ElementChanges, nowMs: number): void {
    for (const name of added.flatMap(chainsUsedBy)) {
      this.#references.set(name, (this.#references.get(name) ?? 0) + 1);
      this.#unusedSince.delete(name);
    }
    for (const name of removed.flatMap(chainsUsedBy)) {
      const left = (this.#references.get(name) ?? 0) - 1;
      if (left > 0) this.#references.set(name, left);
      else {
        this.#references.delete(name);
        this.#unusedSince.set(name, nowMs);
      }
    }
  }

  /** Commands that make the chains that are used and not there. Once they have been run, `noteMade` is to be called. */
  makeMissing(): readonly string[] {
    return this.#commandsFor([...this.#references.keys()].filter(name => !this.#made.has(name)));
  }

  /** Commands that make all chains or renew them, also unused ones: nobody knows whether those are still there. */
  makeAll(): readonly string[] {
    return this.#commandsFor([...new Set([...this.#references.keys(), ...this.#made])]);
  }

  noteMade(): void {
    for (const name of this.#references.keys()) this.#made.add(name);
  }

  /** Chains that nothing has led to since `beforeMs` or longer, those that lead to others first. */
  unusedSince(beforeMs: number): readonly string[] {
    const unused = [...this.#unusedSince].filter(([name, ms]) => ms <= beforeMs && this.#made.has(name));
    return unused.map(([name]) => name).sort((a, b) => b.length - a.length);
  }

  noteDeleted(names: readonly string[]): void {
    for (const name of names) {
      this.#made.delete(name);
      this.#unusedSince.delete(name);
    }
  }

  /** All chains before all rules: rules lead from one to another. */
  #commandsFor(names: readonly string[]): readonly string[] {
    const { table } = this.#words;
    return [
      ...names.map(name => `add chain ${table} ${name}`),
      ...names.flatMap(name => {
        const chain = parsePickChain(name);
        return chain === undefined ? [] : writeRules(table, name, pickChainRules(chain, this.#words));
      }),
    ];
  }
}

function chainsUsedBy({ value = "" }: Element): readonly string[] {
  const name = value.startsWith("goto ") ? value.slice("goto ".length) : "";
  if (parsePickChain(name) === undefined) return [];
  const behind = chainBehind(name);
  return behind === undefined ? [name] : [name, behind];
}
