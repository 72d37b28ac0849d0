import type { Logger } from "pino";
import type { ChainRemoval } from "./chain-removal.ts";

/** What has been done about leftovers, told line by line as it happens. */
export class RemovalReport {
  readonly removed: string[] = [];
  readonly remaining: string[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  wasRemoved(what: string): void {
    this.removed.push(what);
    this.#log.info(`removed what kube-proxy had left: ${what}`);
  }

  remains(what: string, error: unknown): void {
    const line = `${what}: ${(error as Error).message}`;
    this.remaining.push(line);
    this.#log.warn(`kube-proxy's leftovers remain: ${line}`);
  }

  /** `table`: `iptables-nft table nat`. */
  chainsWereRemoved(table: string, { jumps, chains }: ChainRemoval): void {
    if (jumps.length + chains.length === 0) return;
    this.wasRemoved(`${table}: ${chains.length} chains, and ${jumps.length} rules that led there`);
  }

  /** It is no failure: somebody needs them. */
  chainsAreShared(table: string, { foreignJumps }: ChainRemoval): void {
    for (const line of new Set(foreignJumps.map(({ from, to }) => `${to} stays, ${from} leads to it`))) {
      this.#log.info(`${table}: ${line}`);
    }
  }
}
