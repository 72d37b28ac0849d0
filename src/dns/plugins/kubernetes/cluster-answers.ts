/** `kubernetes` at work: queries for its zones, answered from what is known of the cluster. */

import type { Pod } from "../../../cluster/objects.ts";
import type { Cluster } from "../../../cluster/store.ts";
import { rcodes } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { isSubdomain } from "../../wire/name.ts";
import { classCodes } from "../../wire/record.ts";
import type { ZoneAnswer } from "../../zone/kubernetes-zone.ts";
import { answerQuestion, followsSpelling, zoneOf } from "../../zone/kubernetes-zone.ts";
import type { ZoneOptions } from "../../zone/zone-query.ts";
import type { Chased } from "../chase-alias.ts";
import { chaseAlias } from "../chase-alias.ts";
import { FollowedCluster } from "../followed-cluster.ts";
import type { Outcome, Reply } from "../outcome.ts";
import { failure } from "../outcome.ts";
import type { Handler, OpenCluster } from "../plugin.ts";
import type { Metadata, Query } from "../query.ts";
import { replyTo } from "../records-reply.ts";
import type { KubernetesLayer } from "./kubernetes-layer.ts";
import { describeClient, describeName } from "./query-metadata.ts";
import { podSearchList } from "./search-list.ts";

export interface ClusterAnswersOptions {
  readonly open: OpenCluster;
  readonly zoneOptions: ZoneOptions;
  readonly fallthroughZones: readonly Name[];
  /** This server's own, for `searchPath`. */
  readonly searchList: readonly Name[];
  readonly stopMeasuring: () => void;
}

export class ClusterAnswers implements KubernetesLayer {
  readonly kind = "kubernetes";
  readonly answersAlike = true;
  readonly cluster: Cluster;
  readonly options: ZoneOptions;
  readonly #followed: FollowedCluster;
  readonly #open: OpenCluster;
  readonly #fallthroughZones: readonly Name[];
  readonly #searchList: readonly Name[];
  readonly #stopMeasuring: () => void;
  #isReady = false;

  constructor({ open, zoneOptions, fallthroughZones, searchList, stopMeasuring }: ClusterAnswersOptions) {
    this.cluster = open.cluster;
    this.#followed = new FollowedCluster(open.cluster, zoneOptions);
    this.options = zoneOptions;
    this.#open = open;
    this.#fallthroughZones = fallthroughZones;
    this.#searchList = searchList;
    this.#stopMeasuring = stopMeasuring;
  }

  handle(query: Query, next: Handler): Outcome | Promise<Outcome> {
    if (query.question.class !== classCodes.IN) return next(query);
    const answer = this.#answer(query);
    if (answer === undefined) return next(query);
    if (answer.isNameError && this.#fallsThrough(query.name)) {
      // Whatever answers now has a serial of its own.
      if (query.provenance !== undefined) query.provenance.serialNow = undefined;
      return next(query);
    }
    if (answer.rcode === rcodes.REFUSED) return failure(answer.rcode, undefined, answer.reason);
    if (answer.aliasTarget === undefined) return replyWith(query, answer);
    const chased = chaseAlias(query, answer.aliasTarget);
    if (!(chased instanceof Promise)) return replyWith(query, answer, chased);
    return chased.then(found => replyWith(query, answer, found));
  }

  describe(query: Query, metadata: Metadata): void {
    const pod = this.#podOf(query.client.address);
    if (pod !== undefined) describeClient(pod, metadata);
    const zone = zoneOf(this.options.zones, query.name);
    if (zone !== undefined) describeName(this.options, query.name, zone, metadata);
  }

  notReady(): readonly string[] {
    if (this.#isReady) return [];
    const missing = this.#open.missing();
    this.#isReady = missing.length === 0;
    return missing;
  }

  searchPath({ name, client }: Pick<Query, "name" | "client">): readonly Name[] | undefined {
    const zone = zoneOf(this.options.zones, name);
    const pod = zone && this.#podOf(client.address);
    return zone && pod && podSearchList(pod.namespace, zone, this.#searchList);
  }

  close(): void {
    this.#stopMeasuring();
    this.#followed.close();
    this.#open.close();
  }

  #answer({ question, provenance }: Query): ZoneAnswer | undefined {
    const answer = this.#followed.read(provenance, (cluster, options) =>
      answerQuestion(cluster, options, question),
    );
    if (provenance === undefined || answer === undefined) return answer;
    if (followsSpelling(question, answer)) provenance.followsSpelling();
    return answer;
  }

  #fallsThrough(name: Name): boolean {
    return this.#fallthroughZones.some(zone => isSubdomain(name, zone));
  }

  /** The Pod with an address, where Pods are known. Those on the host's network share theirs: any of them. */
  #podOf(address: string): Pod | undefined {
    if (this.options.pods !== "verified") return undefined;
    for (const pod of this.cluster.podsAt(address)) {
      if (pod.phase !== "Succeeded" && pod.phase !== "Failed") return pod;
    }
    return undefined;
  }
}

/** What was found elsewhere stands behind our CNAME. The whole must not be kept as theirs: the CNAME may change any time. */
function replyWith({ message }: Query, answer: ZoneAnswer, chased?: Chased): Reply {
  const { rcode, authorities, additionals, reason } = answer;
  const answers = chased === undefined ? answer.answers : [...answer.answers, ...chased.answers];
  const isTruncated = chased?.isTruncated ?? false;
  return replyTo(message, {
    ...{ plugin: "kubernetes", rcode, answers, authorities, additionals, isTruncated, reason },
  });
}
