/** Following a CNAME that leads out of what a plugin knows itself. */

import type { Name } from "../wire/name.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { andThen } from "./outcome.ts";
import type { Query } from "./query.ts";

export interface Chased {
  /** What the server says about the target; empty when nobody knows it. The code of that reply does not matter. */
  readonly answers: readonly ResourceRecord[];
  readonly isTruncated: boolean;
  readonly isFromUpstream: boolean;
}

/** Asks the whole server for `target` in the type that `query` asks for. */
export function chaseAlias(query: Query, target: Name): Chased | Promise<Chased> {
  return andThen(query.lookup({ ...query.question, name: target }), outcome => {
    if (outcome.kind !== "reply") return { answers: [], isTruncated: false, isFromUpstream: false };
    const { answers, isTruncated } = outcome.message;
    return { answers, isTruncated, isFromUpstream: outcome.isFromUpstream };
  });
}
