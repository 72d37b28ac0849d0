import type { Claim } from "./service-claims.ts";

/**
 * Who holds what several Service ports may claim: the one whose claim ranks first, and among equals the one whose
 * key sorts first, whatever the order they came in.
 */
export class ClaimRegister {
  /** Rank and name of the claimants by claim key, sorted; without an array where there is one only, which is usual. */
  readonly #claimants = new Map<string, string | readonly string[]>();

  enter(claimant: string, { key, rank }: Claim): void {
    const entry = `${rank}${claimant}`;
    const others = this.#claimantsOf(key);
    this.#claimants.set(key, others.length === 0 ? entry : [...others, entry].sort());
  }

  /** Undoes an `enter` with the same arguments. */
  withdraw(claimant: string, { key, rank }: Claim): void {
    const entry = `${rank}${claimant}`;
    const [first, ...others] = this.#claimantsOf(key).filter(other => other !== entry);
    if (first === undefined) this.#claimants.delete(key);
    else this.#claimants.set(key, others.length === 0 ? first : [first, ...others]);
  }

  /** Undefined where nobody claims it. */
  holderOf(key: string): string | undefined {
    return this.#claimantsOf(key)[0]?.slice(1);
  }

  #claimantsOf(key: string): readonly string[] {
    const claimants = this.#claimants.get(key) ?? nobody;
    return typeof claimants === "string" ? [claimants] : claimants;
  }
}

const nobody: readonly string[] = [];
