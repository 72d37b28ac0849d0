/** Corefile word `autopath`: the client's search list tried here, in one exchange instead of one for each element. */

import { readFile } from "node:fs/promises";
import type { BlockContext, Stanzas } from "../corefile/plan.ts";
import type { Reading } from "../corefile/reading.ts";
import type { Place, Word } from "../corefile/syntax.ts";
import { rcodes } from "../wire/message.ts";
import { formatName, isSameName, isSubdomain, type Name } from "../wire/name.ts";
import { classCodes, type ResourceRecord } from "../wire/record.ts";
import { isKubernetesLayer, type KubernetesLayer } from "./kubernetes/kubernetes-layer.ts";
import { readSearchList } from "./kubernetes/search-list.ts";
import { andThen, type Outcome, type Reply } from "./outcome.ts";
import { type CounterOf, definePlugin, type Handler, type Layer, PluginStartError } from "./plugin.ts";
import { type Query, withQuestion } from "./query.ts";
import { withReplyMessage } from "./records-reply.ts";

interface AutopathConfig {
  readonly zones: readonly Name[];
  /** `@kubernetes`: the list of the Pod that asks; else a file in the form of resolv.conf. */
  readonly source: string;
  readonly at: Place;
}

const ofPods = "@kubernetes";

export const autopath = definePlugin<AutopathConfig>({
  name: "autopath",

  read(stanzas, reading, block) {
    for (const stanza of stanzas) reading.hasNoBlock(stanza);
    const last = stanzas.at(-1) ?? stanzas[0];
    if (!reading.hasArguments(last, 1, Infinity)) return undefined;
    const source = last.args.at(-1);
    if (source === undefined || !isUsable(source, stanzas, reading, block)) return undefined;
    const ownZones = block.keys.map(({ zone }) => zone);
    return { zones: reading.zonesOr(last.args.slice(0, -1), ownZones), source: source.text, at: source.at };
  },

  explain: ({ zones, source }) => {
    const list = source === ofPods ? "the search list of the Pod that asks" : `the search list in ${source}`;
    return [
      `A name below ${zones.map(formatName).join(", ")} that ends in the first element of ${list} is also tried with ` +
        "each other element and without any; the client gets the first answer that is not a name error, behind a CNAME.",
    ];
  },

  async start({ zones, source, at }, host) {
    const successes = host.instruments.counter(
      "coredns_autopath_success_total",
      "Queries answered under another name of the search path than the one asked for.",
      ["server"],
    );
    if (source === ofPods) return new Autopath(zones, successes);
    const path = host.path(source);
    await readFile(path).catch(error => {
      throw new PluginStartError(
        at,
        `the search list cannot be read: ${error.message}`,
        "correct the name of the file",
        error,
      );
    });
    return new Autopath(zones, successes, [...(await readSearchList(path)), []]);
  },
});

function isUsable(source: Word, stanzas: Stanzas, reading: Reading, block: BlockContext): boolean {
  for (const { name } of stanzas.slice(0, -1)) {
    reading.report(
      "COREFILE_NO_EFFECT",
      name.at,
      "a later autopath takes the place of this one",
      "remove one of them",
    );
  }
  if (!source.text.startsWith("@")) return true;
  if (source.text !== ofPods) {
    reading.wrongValue(
      source,
      `${source.text} gives no search list`,
      `write ${ofPods} or the name of a file`,
    );
    return false;
  }
  const options = block.directives.get("kubernetes")?.flatMap(directive => directive.block ?? []);
  const arePodsVerified = options?.some(
    ({ name, args }) => name.text === "pods" && args[0]?.text === "verified",
  );
  if (arePodsVerified) return true;
  reading.report(
    "COREFILE_NO_EFFECT",
    source.at,
    "autopath does nothing: kubernetes in this block does not know which Pod asks",
    "write pods verified in kubernetes, or remove autopath",
  );
  return false;
}

class Autopath implements Layer {
  readonly answersAlike = true;
  readonly #zones: readonly Name[];
  readonly #successes: CounterOf<"server">;
  /** Undefined: each Pod has its own. */
  readonly #searchList: readonly Name[] | undefined;
  #kubernetes: KubernetesLayer | undefined;

  constructor(zones: readonly Name[], successes: CounterOf<"server">, searchList?: readonly Name[]) {
    this.#zones = zones;
    this.#successes = successes;
    this.#searchList = searchList;
  }

  connect({ members }: Parameters<NonNullable<Layer["connect"]>>[0]): void {
    this.#kubernetes = members.map(({ layer }) => layer).find(isKubernetesLayer);
  }

  handle(query: Query, next: Handler): Outcome | Promise<Outcome> {
    if (!this.#zones.some(zone => isSubdomain(query.name, zone))) return next(query);
    // Each client has a search list of its own, and what is found by it is counted.
    query.provenance?.isForThisQueryOnly();
    const searchList = this.#searchList ?? this.#searchListOfPod(query);
    const [first, ...others] = searchList ?? [];
    if (first === undefined || query.name.length <= first.length || !isSubdomain(query.name, first))
      return next(query);
    const typed = query.question.name.slice(0, query.name.length - first.length);
    return andThen(next(query), outcome => {
      if (!isNameError(outcome)) return this.#found(query, outcome);
      const candidates = others.map(suffix => [...typed, ...suffix]);
      return this.#tryNext(query, next, candidates, outcome);
    });
  }

  /**
   * Of a Pod that is known and alone. An address that Pods of two namespaces hold, on the host's network or while one
   * takes over from another, would lead one tenant to the names of the other.
   */
  #searchListOfPod(query: Query): readonly Name[] | undefined {
    const pods = [...(this.#kubernetes?.cluster.podsAt(query.client.address) ?? [])];
    if (new Set(pods.map(({ namespace }) => namespace)).size !== 1) return undefined;
    return this.#kubernetes?.searchPath(query);
  }

  /** `denial` is what the name as it was asked for gave: the answer when no candidate has a better one. */
  #tryNext(
    query: Query,
    next: Handler,
    [candidate, ...others]: readonly Name[],
    denial: Outcome,
  ): Outcome | Promise<Outcome> {
    if (candidate === undefined) return denial;
    const lookup = withQuestion(query, { ...query.question, name: candidate });
    return andThen(next(lookup), outcome => {
      if (isNameError(outcome)) return this.#tryNext(query, next, others, denial);
      return this.#found(query, outcome.kind === "reply" ? renamed(query, outcome) : outcome);
    });
  }

  #found(query: Query, outcome: Outcome): Outcome {
    if (outcome.kind === "reply") this.#successes.inc({ server: query.server });
    return outcome;
  }
}

/** What the next element may still answer. A failure with an error is not: its cause would be hidden. */
function isNameError(outcome: Outcome): boolean {
  if (outcome.kind === "reply") return outcome.rcode === rcodes.NXDOMAIN;
  return outcome.kind === "failure" && outcome.error === undefined;
}

/** The same answer to the question as it was asked: a CNAME leads from that name to the one that was found. */
function renamed({ question, message }: Query, reply: Reply): Reply {
  const { answers } = reply.message;
  const [first] = answers;
  const isOther = first !== undefined && !isSameName(first.name, question.name);
  const alias: readonly ResourceRecord[] = isOther
    ? [
        {
          name: question.name,
          class: classCodes.IN,
          ttlSeconds: first.ttlSeconds,
          data: { type: "CNAME", target: first.name },
        },
      ]
    : [];
  return withReplyMessage(reply, {
    ...reply.message,
    questions: message.questions,
    answers: [...alias, ...answers],
  });
}
