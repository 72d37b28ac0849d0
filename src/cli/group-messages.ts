/** What the processes of a group say to each other: the first one asks, the others answer. */

import type { MetricSnapshot } from "../observe/metric-registry.ts";
import type { CorefileTexts } from "./corefile-texts.ts";

/** Set in the environment of all but the first: which one it is, from 2 on. */
export const memberVariable = "FRONTDESK_MEMBER";

/** What the first process serves, for the others to do the same. */
export interface GroupPlan {
  readonly corefile: CorefileTexts;
  /** Where it listens, by the key of the listener. */
  readonly ports: ReadonlyMap<string, number>;
}

export type Request =
  /** Answered when it serves by this plan. */
  | { readonly ask: "serve"; readonly plan: GroupPlan }
  /** Answered by what it still waits for, one line each. */
  | { readonly ask: "notReady" }
  /** Answered by a MetricSnapshot. */
  | { readonly ask: "metrics" }
  /** Not answered: it goes on for this long, then finishes what is under way and ends. */
  | { readonly ask: "end"; readonly lameduckMs: number };

export interface Asked {
  readonly id: number;
  readonly request: Request;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly problem: string }
  /** The last before it ends. */
  | { readonly counted: MetricSnapshot };
