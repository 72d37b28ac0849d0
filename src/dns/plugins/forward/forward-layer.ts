/** All `forward` stanzas of a server block, in written order. */

import { andThen, type Outcome } from "../outcome.ts";
import type { Handler, Layer } from "../plugin.ts";
import type { Query } from "../query.ts";
import type { ForwardUpstream } from "./forward-upstream.ts";
import type { Forwarder } from "./forwarder.ts";
import type { Target } from "./targets.ts";

export class ForwardLayer implements Layer {
  readonly answersAlike = true;
  readonly #forwarders: readonly Forwarder[];
  readonly #listeners: ((upstream: ForwardUpstream) => void)[] = [];
  readonly #onClose: (() => void)[] = [];

  constructor(forwarders: readonly Forwarder[]) {
    this.#forwarders = forwarders;
  }

  handle(query: Query, next: Handler): Outcome | Promise<Outcome> {
    return this.#handleFrom(0, query) ?? next(query);
  }

  /** Tells each upstream there is, and each that comes later. */
  onUpstream(listener: (upstream: ForwardUpstream) => void): void {
    this.#listeners.push(listener);
    for (const { upstreams } of this.#forwarders) upstreams.forEach(listener);
  }

  useTargets(forwarder: Forwarder, targets: readonly Target[]): void {
    for (const upstream of forwarder.replaceTargets(targets)) {
      for (const listener of this.#listeners) listener(upstream);
    }
  }

  onClose(close: () => void): void {
    this.#onClose.push(close);
  }

  close(): void {
    for (const close of this.#onClose) close();
    for (const forwarder of this.#forwarders) forwarder.close();
  }

  /** Undefined when no stanza from `first` on takes the name. */
  #handleFrom(first: number, query: Query): Outcome | Promise<Outcome> | undefined {
    const index = this.#forwarders.findIndex((one, index) => index >= first && one.takes(query.name));
    const forwarder = this.#forwarders[index];
    if (forwarder === undefined) return undefined;
    const answer = forwarder.ask(query);
    if (forwarder.keepsAll) return answer;
    return andThen(answer, outcome => {
      if (!forwarder.passesOn(outcome)) return outcome;
      // A stanza that does not take the name has nothing better to say.
      return this.#handleFrom(index + 1, query) ?? outcome;
    });
  }
}
