/** Upstreams that contradict each other: with a random choice clients then find a name one time and not the next. */

import type { Logger } from "pino";
import { rcodes } from "../../wire/message.ts";
import type { Reply } from "../outcome.ts";
import type { ForwardUpstream } from "./forward-upstream.ts";

interface Verdict {
  readonly upstream: ForwardUpstream;
  readonly isDenial: boolean;
  readonly atMs: number;
}

const maxVerdicts = 1_000;
/** A name that has just come to be is no contradiction. */
const maxAgeMs = 60_000;

/** Keeps the latest verdicts of a stanza's upstreams and tells of each pair that disagrees, once. */
export class Disagreements {
  readonly #log: Logger;
  /** By what was asked; oldest first. */
  readonly #verdicts = new Map<string, Verdict>();
  readonly #told = new Set<string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `key` is the same for equal questions. */
  hear(key: string, upstream: ForwardUpstream, { message }: Reply, nowMs: number): void {
    const isDenial = message.rcode === rcodes.NXDOMAIN;
    if (!isDenial && (message.rcode !== rcodes.NOERROR || message.answers.length === 0)) return;
    const earlier = this.#verdicts.get(key);
    this.#verdicts.delete(key);
    this.#verdicts.set(key, { upstream, isDenial, atMs: nowMs });
    if (this.#verdicts.size > maxVerdicts)
      this.#verdicts.delete(this.#verdicts.keys().next().value as string);
    if (earlier === undefined || earlier.upstream === upstream || earlier.isDenial === isDenial) return;
    if (nowMs - earlier.atMs > maxAgeMs) return;
    this.#tell(
      ...(isDenial ? ([earlier.upstream, upstream] as const) : ([upstream, earlier.upstream] as const)),
    );
  }

  #tell(knowing: ForwardUpstream, denying: ForwardUpstream): void {
    const pair = `${knowing.address} ${denying.address}`;
    if (this.#told.has(pair)) return;
    this.#told.add(pair);
    this.#log.warn(
      { knows: knowing.address, denies: denying.address, configured: knowing.origin },
      "two upstreams disagree whether a name exists, so its clients find it only some of the time. Write `policy sequential` when the first should decide, or give each upstream a forward for its own domains",
    );
  }
}
