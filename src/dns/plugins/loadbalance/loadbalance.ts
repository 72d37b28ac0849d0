/** Corefile word `loadbalance`: which of a name's addresses comes first. */

import type { Stanzas } from "../../corefile/plan.ts";
import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import { typeCodes } from "../../wire/record.ts";
import type { Network } from "../network.ts";
import { parseNetwork } from "../network.ts";
import type { Reply } from "../outcome.ts";
import { andThen } from "../outcome.ts";
import { definePlugin } from "../plugin.ts";
import { withReplyMessage } from "../records-reply.ts";
import { aliasesFirst, sortAddresses } from "../shuffle-addresses.ts";
import { heaviestFirst, preferring } from "./address-order.ts";
import type { WeightedPolicy } from "./weight-file.ts";
import { openWeightFile } from "./weight-file.ts";

interface LoadbalanceConfig {
  /** Undefined: policy round_robin, every order equally likely. */
  readonly weighted: WeightedPolicy | undefined;
  /** Addresses in these networks come first, those of the first network before all others. */
  readonly preferred: readonly Network[];
}

export const loadbalance = definePlugin<LoadbalanceConfig>({
  name: "loadbalance",

  read: readLoadbalance,

  explain({ weighted, preferred }) {
    const policy =
      weighted === undefined
        ? "Puts the addresses of every reply in random order."
        : `Chooses the first address of every reply by the weights in ${weighted.file.text}.`;
    const networks = preferred.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(", ");
    return networks === "" ? [policy] : [policy, `Addresses in ${networks} come before all others.`];
  },

  async start({ weighted, preferred }, host) {
    const file = weighted && (await openWeightFile(weighted, host));
    const prefer = preferring(preferred);
    const isPlain = file === undefined && preferred.length === 0;
    return {
      answersAlike: true,
      handle: (query, next) =>
        andThen(next(query), outcome => {
          // No rcode but NOERROR comes with addresses.
          if (outcome.kind !== "reply") return outcome;
          if (!isPlain) query.provenance?.isForThisQueryOnly();
          if (query.provenance?.takesShuffle() === true) return outcome;
          const balanced = file === undefined ? outcome.shuffled(Math.random) : outcome;
          const isWeighted = file !== undefined && weightedTypes.has(query.question.type);
          if (!isWeighted && preferred.length === 0) return balanced;
          return reordered(balanced, records =>
            prefer(isWeighted ? heaviestFirst(records, file.weights, Math.random) : records),
          );
        }),
      close: () => file?.close(),
    };
  },
});

/** Others have addresses only by the way. */
const weightedTypes: ReadonlySet<number> = new Set([typeCodes.A, typeCodes.AAAA, typeCodes.SRV]);

function reordered(
  reply: Reply,
  sort: (addresses: readonly ResourceRecord[]) => readonly ResourceRecord[],
): Reply {
  const { message } = reply;
  const { answers, additionals } = message;
  if (Math.max(answers.length, additionals.length) < 2) return reply;
  return withReplyMessage(reply, {
    ...message,
    answers: sortAddresses(aliasesFirst(answers), sort),
    additionals: sortAddresses(additionals, sort),
  });
}

/** Of several stanzas the last policy counts, and all networks. */
function readLoadbalance(stanzas: Stanzas, reading: Reading): LoadbalanceConfig {
  let weighted: WeightedPolicy | undefined;
  const preferred: Network[] = [];
  for (const stanza of stanzas) {
    const [policy, file] = stanza.args;
    const name = policy === undefined ? "round_robin" : reading.choice(policy, ["round_robin", "weighted"]);
    if (name === "weighted") weighted = readWeighted(stanza, file, reading);
    else {
      weighted = undefined;
      reading.hasArguments(stanza, 0, 1);
      reading.options(stanza, { prefer: option => void preferred.push(...readNetworks(option, reading)) });
    }
  }
  return { weighted, preferred };
}

function readWeighted(
  stanza: Directive,
  file: Word | undefined,
  reading: Reading,
): WeightedPolicy | undefined {
  let reloadMs = 30_000;
  reading.options(stanza, {
    reload(option) {
      const [duration] = option.args;
      if (!reading.hasArguments(option, 1) || duration === undefined) return;
      reloadMs = reading.durationMs(duration) ?? reloadMs;
    },
  });
  return reading.hasArguments(stanza, 2) && file !== undefined ? { file, reloadMs } : undefined;
}

function readNetworks({ args }: Directive, reading: Reading): readonly Network[] {
  return args.flatMap(word => {
    const network = parseNetwork(word.text);
    if (network === undefined) {
      reading.wrongValue(word, `"${word.text}" is not a CIDR`, "write one such as 10.0.0.0/8");
    }
    return network ?? [];
  });
}
