/** Corefile word `k8s_external`: names for the outside, at the external addresses of Services. */

import type { BlockContext } from "../../corefile/plan.ts";
import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import { type Question, rcodes } from "../../wire/message.ts";
import { formatName, isSubdomain, lowerName, type Name, parseName } from "../../wire/name.ts";
import { type ResourceRecord, typeCodes } from "../../wire/record.ts";
import { WireError } from "../../wire/wire-error.ts";
import { because } from "../../zone/reason.ts";
import { FollowedCluster } from "../followed-cluster.ts";
import { isKubernetesLayer } from "../kubernetes/kubernetes-layer.ts";
import { andThen, failure, type Outcome } from "../outcome.ts";
import { type BlockChain, definePlugin, type Handler } from "../plugin.ts";
import type { Query } from "../query.ts";
import { replyTo } from "../records-reply.ts";
import type { TransferableLayer } from "../transfer/transferable.ts";
import { externalTransferable } from "./external-transfer.ts";
import { answerExternal, type ExternalAnswer, type ExternalZoneOptions } from "./external-zone.ts";

interface ExternalConfig {
  readonly zones: readonly Name[];
  readonly apex: Name;
  readonly ttlSeconds: number;
  readonly headless: boolean;
  readonly fallthroughZones: readonly Name[];
}

export const k8sExternal = definePlugin<ExternalConfig>({
  name: "k8s_external",

  read(stanzas, reading, block) {
    const [first] = stanzas;
    if (!block.directives.has("kubernetes")) {
      const remedy = "write kubernetes in the same server block, or remove k8s_external";
      reading.report(
        "COREFILE_MISSING",
        first.name.at,
        "k8s_external needs kubernetes, which is not here",
        remedy,
      );
    }
    const read = stanzas.map(stanza => readStanza(stanza, reading, block));
    for (const { name } of stanzas.slice(0, -1)) {
      reading.report(
        "COREFILE_NO_EFFECT",
        name.at,
        "a later k8s_external takes the place of this one",
        "remove one of them",
      );
    }
    return read.at(-1);
  },

  explain: ({ zones, ttlSeconds, headless }) => [
    `Answers SERVICE.NAMESPACE below ${zones.map(formatName).join(", ")} with the Service's external IPs and the ` +
      `addresses of its load balancer, for ${ttlSeconds} s.`,
    ...(headless ? ["Headless Services answer with their endpoints."] : []),
  ],

  start: config => new ExternalNames(config),
});

class ExternalNames implements TransferableLayer {
  readonly transferable;
  readonly answersAlike = true;
  readonly #config: ExternalConfig;
  #followed: FollowedCluster | undefined;
  #options: ExternalZoneOptions | undefined;

  constructor(config: ExternalConfig) {
    this.#config = config;
    this.transferable = externalTransferable(config.zones, () => this.#connected());
  }

  connect({ members }: BlockChain): void {
    const kubernetes = members.map(({ layer }) => layer).find(isKubernetesLayer);
    if (kubernetes === undefined) return;
    this.#options = { ...this.#config, cluster: kubernetes.cluster, zoneOptions: kubernetes.options };
    this.#followed = new FollowedCluster(kubernetes.cluster, kubernetes.options);
  }

  handle(query: Query, next: Handler): Outcome | Promise<Outcome> {
    const options = this.#connected();
    const answer = this.#followed?.read(query.provenance, (cluster, zoneOptions) =>
      answerExternal({ ...options, cluster, zoneOptions }, query.question),
    );
    if (answer === undefined) return next(query);
    if (query.question.type === typeCodes.AXFR || query.question.type === typeCodes.IXFR) {
      return failure(
        rcodes.REFUSED,
        undefined,
        because("transfer-refused", "zone transfers are not allowed"),
      );
    }
    const goesOn = this.#config.fallthroughZones.some(zone => isSubdomain(query.name, zone));
    if (!answer.isNameError || !goesOn) return complete(query, answer);
    // Whatever answers now has a serial of its own.
    if (query.provenance !== undefined) query.provenance.serialNow = undefined;
    return next(query);
  }

  close(): void {
    this.#followed?.close();
  }

  #connected(): ExternalZoneOptions {
    if (this.#options === undefined) throw new Error("k8s_external is not connected to kubernetes");
    return this.#options;
  }
}

/** Adds what this server knows of the host names in the answer. */
function complete(query: Query, answer: ExternalAnswer): Outcome | Promise<Outcome> {
  const { rcode, answers, authorities, additionals, reason, follow } = answer;
  return followAll(query, follow, [], (found, isTruncated) => {
    const isAlias = query.question.type !== typeCodes.SRV;
    return replyTo(query.message, {
      ...{ plugin: "k8s_external", rcode, authorities, reason, isTruncated },
      answers: isAlias ? [...answers, ...found] : answers,
      additionals: isAlias ? additionals : [...additionals, ...found],
    });
  });
}

function followAll(
  query: Query,
  [first, ...others]: readonly Question[],
  found: readonly ResourceRecord[],
  reply: (found: readonly ResourceRecord[], isTruncated: boolean) => Outcome,
  isTruncated = false,
): Outcome | Promise<Outcome> {
  if (first === undefined) return reply(found, isTruncated);
  return andThen(query.lookup(first), outcome => {
    if (outcome.kind !== "reply") return followAll(query, others, found, reply, isTruncated);
    const { answers, isTruncated: isCut } = outcome.message;
    return followAll(query, others, [...found, ...answers], reply, isTruncated || isCut);
  });
}

function readStanza(stanza: Directive, reading: Reading, block: BlockContext): ExternalConfig {
  const ownZones = block.keys.map(({ zone }) => zone);
  let apex: Name = ["dns"];
  let ttlSeconds = 5;
  let headless = false;
  let fallthroughZones: readonly Name[] = [];
  reading.options(stanza, {
    apex: option => {
      const [word] = option.args;
      if (!reading.hasArguments(option, 1, Infinity) || word === undefined) return;
      apex = readLabels(word, reading) ?? apex;
    },
    ttl: option => {
      const [word] = option.args;
      if (!reading.hasArguments(option, 1, Infinity) || word === undefined) return;
      ttlSeconds = reading.integer(word, 0, 3600) ?? ttlSeconds;
    },
    headless: () => {
      headless = true;
    },
    fallthrough: option => {
      fallthroughZones = reading.zonesOr(option.args, [[]]);
    },
  });
  return { zones: reading.zonesOr(stanza.args, ownZones), apex, ttlSeconds, headless, fallthroughZones };
}

function readLabels(word: Word, reading: Reading): Name | undefined {
  try {
    return lowerName(parseName(word.text));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    reading.wrongValue(word, `"${word.text}" is not a label`, "write one such as dns");
    return undefined;
  }
}
