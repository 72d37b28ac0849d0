import type { IPFamily } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import { BackEndError } from "../back-end.ts";

/** One cause often has the same effect on every Service: nobody reads more of them. */
const maxTold = 3;

/** What could not be done of one call, while everything else was. */
export class Problems {
  readonly #byFamily = new Map<IPFamily, string[]>();

  add(family: IPFamily, problem: string): void {
    const problems = this.#byFamily.get(family) ?? [];
    problems.push(problem);
    this.#byFamily.set(family, problems);
  }

  addAt(address: string, problem: string): void {
    this.add(familyOf(address) ?? "IPv4", problem);
  }

  /** Undefined when there are none. */
  error(): BackEndError | undefined {
    if (this.#byFamily.size === 0) return undefined;
    return new BackEndError(
      new Map([...this.#byFamily].map(([family, problems]) => [family, new Error(summary(problems))])),
    );
  }
}

function summary(problems: readonly string[]): string {
  const told = problems.slice(0, maxTold).join("; ");
  const more = problems.length - maxTold;
  return more > 0 ? `${told}; and ${more} more` : told;
}
