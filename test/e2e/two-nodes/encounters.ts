/** Whom clients meet behind a Service. */

import assert from "node:assert/strict";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { Place, Protocol } from "./addresses.ts";
import { addressesOf, addressOf, families, protocols } from "./addresses.ts";
import type { WayIn } from "./cluster-objects.ts";
import { wayInto } from "./cluster-objects.ts";
import type { Outcome } from "./connect-once.ts";
import type { Laboratory } from "./laboratory.ts";
import { isKubeProxy } from "./proxy-process.ts";

/**
 * Long enough for an answer on a busy machine; what a silence costs; and what is still "at once" for a refusal:
 * kube-proxy's are ICMP errors, which some clients only believe at the second time, a second later.
 */
export const patienceMs = { answer: 5000, silence: 1000, refusal: isKubeProxy ? 5000 : 900 };

export function patienceFor(expected: string): number {
  if (expected === "silence") return patienceMs.silence;
  return expected === "refused" ? patienceMs.refusal : patienceMs.answer;
}

export interface Question {
  readonly family: IPFamily;
  readonly protocol: Protocol;
  /** The Service's. */
  readonly number: number;
  /** `pod-1a` when absent. */
  readonly from?: Place;
  /** `from`'s own when absent. */
  readonly source?: string;
  /** `cluster-ip` when absent. */
  readonly way?: WayIn;
  /** That for answers when absent. */
  readonly patienceMs?: number;
}

/** Where its packets begin, and where they are sent. */
export function routeOf(question: Question) {
  const { family, number, from = "pod-1a", way = "cluster-ip" } = question;
  return { from, source: question.source ?? addressOf(family, from), ...wayInto(family, number, way) };
}

export function ask(laboratory: Laboratory, question: Question): Promise<Outcome> {
  const { from, ...route } = routeOf(question);
  const patience = question.patienceMs ?? patienceMs.answer;
  return laboratory.connect(from, { ...route, protocol: question.protocol, patienceMs: patience });
}

/** The Pod that answers, or why none does. */
export async function met(laboratory: Laboratory, question: Question): Promise<string> {
  const outcome = await ask(laboratory, question);
  return outcome.kind === "answered" ? podAt(question.family, outcome.endpoint) : outcome.kind;
}

/** Everybody whom `count` connections meet, each once, sorted; of three, 40 miss one once in millions of times. */
export async function allMet(
  laboratory: Laboratory,
  question: Question,
  count = 40,
): Promise<readonly string[]> {
  const seen = await Promise.all(Array.from({ length: count }, () => met(laboratory, question)));
  return [...new Set(seen)].sort();
}

/** Its name; "" for an address of nobody. */
export function podAt(family: IPFamily, address: string): string {
  return Object.entries(addressesOf[family].pods).find(([, own]) => own === address)?.[0] ?? "";
}

/** The same for both families and protocols. */
export async function assertMet(
  laboratory: Laboratory,
  question: Omit<Question, "family" | "protocol">,
  expected: string,
): Promise<void> {
  const questions = families.flatMap(family =>
    protocols.map(protocol => ({ patienceMs: patienceFor(expected), ...question, family, protocol })),
  );
  const words = (results: readonly string[]) =>
    questions.map(({ family, protocol }, index) => `${family} ${protocol} ${results[index]}`);
  const seen = await Promise.all(questions.map(one => met(laboratory, one)));
  assert.deepEqual(words(seen), words(questions.map(() => expected)));
}
