/** A `forward` stanza at work: which names it takes, whom it asks, and what becomes of failures. */

import { encodeMessage } from "../../wire/encode.ts";
import { rcodes } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { isSameName, isSubdomain } from "../../wire/name.ts";
import { because } from "../../zone/reason.ts";
import type { Outcome } from "../outcome.ts";
import { failure } from "../outcome.ts";
import type { Client, Query } from "../query.ts";
import type { Answered } from "./attempts.ts";
import { askInTurn } from "./attempts.ts";
import { Disagreements } from "./disagreements.ts";
import type { ForwardConfig } from "./forward-config.ts";
import type { ForwardMetrics } from "./forward-metrics.ts";
import { ForwardUpstream, type UpstreamSurroundings } from "./forward-upstream.ts";
import type { Policy } from "./policy.ts";
import { policyOf } from "./policy.ts";
import type { Target } from "./targets.ts";

/** The client has its answer after so long, whichever it is. */
const queryTimeoutMs = 5_000;
const maxMessageSizeBytes = 65_535;
/**
 * Without `max_concurrent`. Each query under way takes nearly 5 KiB; with silent upstreams they would add up until memory
 * is gone, and the cluster's own names with it. With upstreams that answer, even in 100 ms, 40 000 a second stay below.
 */
const maxFlights = 4_096;

export interface ForwarderSurroundings extends UpstreamSurroundings {
  /** Milliseconds on a clock that never jumps. */
  now(): number;
}

/** One upstream query, for all who wait for its answer. */
type Flight = Promise<Answered>;

export class Forwarder {
  readonly config: ForwardConfig;
  readonly #surroundings: ForwarderSurroundings;
  readonly #metrics: ForwardMetrics;
  readonly #policy: Policy;
  /** Upstream queries under way, by what is asked. */
  readonly #flights = { udp: new Map<string, Flight>(), tcp: new Map<string, Flight>() };
  readonly #disagreements: Disagreements;
  #upstreams: readonly ForwardUpstream[] = [];

  constructor(config: ForwardConfig, surroundings: ForwarderSurroundings) {
    this.config = config;
    this.#surroundings = surroundings;
    this.#metrics = surroundings.metrics;
    this.#policy = policyOf(config.policy, Math.random);
    this.#disagreements = new Disagreements(surroundings.log);
  }

  get upstreams(): readonly ForwardUpstream[] {
    return this.#upstreams;
  }

  /** Upstreams that stay keep their state; those that are gone are closed. Gives the new ones. */
  replaceTargets(targets: readonly Target[]): readonly ForwardUpstream[] {
    const before = new Map(this.#upstreams.map(upstream => [keyOf(upstream.target), upstream]));
    const added: ForwardUpstream[] = [];
    this.#upstreams = targets.map(target => {
      const known = before.get(keyOf(target));
      before.delete(keyOf(target));
      if (known !== undefined) return known;
      const upstream = new ForwardUpstream(target, this.config, this.#surroundings);
      added.push(upstream);
      return upstream;
    });
    for (const gone of before.values()) gone.close();
    return added;
  }

  /** True for names in FROM that `except` does not exempt; FROM itself cannot be exempted. */
  takes(name: Name): boolean {
    const { from, except } = this.config;
    if (!from.some(zone => isSubdomain(name, zone))) return false;
    return !except.some(zone => isSubdomain(name, zone)) || from.some(zone => isSameName(name, zone));
  }

  /** True when no outcome is given to the following stanza. */
  get keepsAll(): boolean {
    return this.config.nextRcodes.length === 0 && !this.config.nextOnNodata;
  }

  /** True when `next` gives this outcome to the following stanza. */
  passesOn(outcome: Outcome): boolean {
    if (outcome.kind !== "reply") return false;
    const { nextRcodes, nextOnNodata } = this.config;
    const { rcode, answers } = outcome.message;
    return nextRcodes.includes(rcode) || (nextOnNodata && rcode === rcodes.NOERROR && answers.length === 0);
  }

  /** Equal questions that come while one is under way share its answer. */
  ask(query: Query): Outcome | Promise<Outcome> {
    const over = this.#transportFor(query.client);
    const flights = this.#flights[over];
    const octets = encodeMessage(query.message, maxMessageSizeBytes);
    const key = flightKey(query, octets);
    let flight = flights.get(key);
    if (flight === undefined) {
      const { udp, tcp } = this.#flights;
      if (udp.size + tcp.size >= this.#maxFlights) return this.#refuse();
      const upstreams = this.#candidates();
      if (upstreams.length === 0) return this.#nobodyToAsk();
      flight = this.#fly(upstreams, octets, over);
      flights.set(key, flight);
    }
    // True for the first that hears of it: all of them hear before anybody can ask anew.
    const landed = () => flights.delete(key);
    return flight.then(
      answered => {
        if (landed()) this.#compare(key, answered);
        query.metadata?.set("forward/upstream", () => answered.upstream.address);
        return answered.reply ?? failureOf(answered);
      },
      error => {
        landed();
        throw error;
      },
    );
  }

  close(): void {
    for (const upstream of this.#upstreams) upstream.close();
  }

  get #maxFlights(): number {
    const { maxConcurrent } = this.config;
    return maxConcurrent > 0 ? maxConcurrent : maxFlights;
  }

  #refuse(): Outcome {
    const { maxConcurrent, at } = this.config;
    this.#metrics.maxConcurrentRejects.inc({});
    const limit = maxConcurrent > 0 ? "the max_concurrent" : "the most without max_concurrent";
    const text = `${this.#maxFlights} queries to upstreams are under way, ${limit} of forward in ${at.file}:${at.line}`;
    const refusal = failure(rcodes.REFUSED, text, because("too-many-queries", text));
    return { ...refusal, errorGroup: `max_concurrent ${at.file}:${at.line}` };
  }

  #transportFor({ protocol }: Client): "udp" | "tcp" {
    const { forcesTcp, prefersUdp } = this.config;
    if (forcesTcp) return "tcp";
    return prefersUdp || protocol === "udp" ? "udp" : "tcp";
  }

  /** Asks these, one at least. */
  #fly(upstreams: readonly ForwardUpstream[], query: Uint8Array, over: "udp" | "tcp"): Flight {
    const { now } = this.#surroundings;
    const deadlineMs = now() + queryTimeoutMs;
    // Nobody is known to answer: one try costs little, more would only keep the client waiting.
    const maxFailures = upstreams[0]?.health.isDown === true ? 1 : this.#maxFailures;
    return askInTurn(upstreams, { query, over, deadlineMs, maxFailures, now });
  }

  #compare(key: string, { upstream, reply }: Answered): void {
    if (this.#upstreams.length < 2 || reply === undefined) return;
    this.#disagreements.hear(key, upstream, reply, this.#surroundings.now());
  }

  get #maxFailures(): number {
    const attempts = this.config.maxConnectAttempts ?? 2 * this.#upstreams.length;
    return attempts === 0 ? Infinity : attempts;
  }

  /**
   * In the order of the policy: all that are up, those in doubt last, so that one failure costs the next query no
   * time; when none is up, one of those that are down, by chance.
   */
  #candidates(): readonly ForwardUpstream[] {
    if (this.#upstreams.every(isBeyondDoubt)) return this.#policy(this.#upstreams);
    const usable = this.#upstreams.filter(({ setAsideBecause }) => setAsideBecause === undefined);
    const healthy = usable.filter(({ health }) => !health.isDown);
    if (healthy.length > 0 || usable.length === 0) {
      const inOrder = this.#policy(healthy);
      return [
        ...inOrder.filter(({ health }) => !health.isSuspect),
        ...inOrder.filter(({ health }) => health.isSuspect),
      ];
    }
    this.#metrics.healthcheckBroken.inc({});
    if (this.config.failsFast) return [];
    return usable.slice(Math.floor(Math.random() * usable.length)).slice(0, 1);
  }

  #nobodyToAsk(): Outcome {
    const { line, file } = this.config.at;
    const looping = this.#upstreams.find(({ setAsideBecause }) => setAsideBecause !== undefined);
    const [code, text] =
      looping === undefined
        ? (["no-reachable-upstream", `no upstream of forward in ${file}:${line} answers`] as const)
        : (["upstream-loop", looping.setAsideBecause ?? ""] as const);
    const nobody = failure(rcodes.SERVFAIL, text, because(code, text));
    return { ...nobody, errorGroup: looping?.address ?? `forward ${file}:${line}` };
  }
}

function isBeyondDoubt({ setAsideBecause, health }: ForwardUpstream): boolean {
  return setAsideBecause === undefined && !health.isDown && !health.isSuspect;
}

function failureOf({ upstream, error }: Extract<Answered, { error: Error }>): Outcome {
  const text = `${error.message} (${upstream.origin})`;
  const failed = failure(rcodes.SERVFAIL, text, because("upstream-failed", error.message));
  return { ...failed, errorGroup: upstream.address };
}

/** What makes two queries one: all of the message but its id and the case of the name. */
function flightKey({ message, question, name }: Query, octets: Uint8Array): string {
  const lower =
    name === question.name
      ? octets
      : encodeMessage({ ...message, questions: [{ ...question, name }] }, maxMessageSizeBytes);
  return Buffer.from(lower.buffer, lower.byteOffset, lower.byteLength).toString("latin1", 2);
}

function keyOf(target: Target): string {
  return JSON.stringify(target);
}
