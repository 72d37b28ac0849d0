/** What a line of `rewrite` becomes: a change to queries, and changes to their replies in return. */

import type { Name } from "../../wire/name.ts";
import type { Query } from "../query.ts";

export interface Rule {
  /** Whether the rules behind it are left out once it has changed a query. */
  readonly isLast: boolean;
  /** Whether clients that ask alike are told apart. */
  readonly isByClient: boolean;
  /** Half a sentence, such as "asks for B when A is asked for". */
  readonly explanation: string;
  readonly apply: RuleAction;
}

/** What the words of a rule say, whichever rule it is and wherever it stands. */
export type RuleBody = Omit<Rule, "isLast" | "isByClient">;

/** Undefined when the rule has nothing to do with the query. Throws WireError for a name that cannot be. */
type RuleAction = (query: Query) => Rewritten | undefined;

interface Rewritten {
  readonly query: Query;
  readonly replyRules: readonly ReplyRule[];
}

/** Text of a name → its new text; the same text when it is not meant. */
export type TextChange = (text: string) => string;

export type ReplyRule =
  /** Owner names of all records. */
  | { readonly kind: "name"; readonly change: TextChange }
  /** Names in record data. */
  | { readonly kind: "value"; readonly change: TextChange }
  | { readonly kind: "ttl"; readonly leastSeconds: number; readonly mostSeconds: number }
  | { readonly kind: "rcode"; readonly from: number; readonly to: number }
  /** `retarget` gives the new target of a CNAME; undefined leaves it as it is. */
  | { readonly kind: "cname"; readonly retarget: (target: Name) => Name | undefined }
  /** What the reply says in an EDNS option; undefined: it does not have that option. */
  | { readonly kind: "option"; readonly code: number; readonly data: Uint8Array | undefined };
