/** What `cache` counts, under CoreDNS's names. A request is a question that an upstream would have to answer. */

import type { CounterOf, GaugeOf, Instruments, Labels } from "../plugin.ts";
import type { AnswerStore, Half } from "./answer-store.ts";

type Event = "requests" | "misses" | "prefetch" | "drops" | "served_stale";
type HalfEvent = "hits" | "evictions";
type Label = "server" | "zones" | "view";

const help: Readonly<Record<Event | HalfEvent, string>> = {
  requests: "Questions looked up in the cache.",
  hits: "Questions answered from the cache.",
  misses: "Questions that the cache had no answer to.",
  prefetch: "Questions that the cache asked by itself, to have a new answer in time.",
  drops: "Replies that were not kept because they answer another question.",
  served_stale: "Questions answered with what had expired.",
  evictions: "Entries dropped to make room.",
};

/** The labels of one listener: the same objects each time, so that nothing is made per query. */
interface ServerLabels {
  readonly all: Labels<Label>;
  readonly success: Labels<Label | "type">;
  readonly denial: Labels<Label | "type">;
  readonly countHit: Readonly<Record<Half, () => void>>;
}

export class CacheMetrics {
  readonly #events: Readonly<Record<Event, CounterOf<Label>>>;
  readonly #halfEvents: Readonly<Record<HalfEvent, CounterOf<Label | "type">>>;
  readonly #entries: GaugeOf<Label | "type">;
  readonly #zones: string;
  readonly #servers = new Map<string, ServerLabels>();

  constructor(instruments: Instruments, zones: string) {
    const labels = ["server", "zones", "view"] as const;
    const event = (name: Event) => instruments.counter(`coredns_cache_${name}_total`, help[name], labels);
    const withType = ["server", "type", "zones", "view"] as const;
    const halfEvent = (name: HalfEvent) =>
      instruments.counter(`coredns_cache_${name}_total`, help[name], withType);
    this.#events = {
      requests: event("requests"),
      misses: event("misses"),
      prefetch: event("prefetch"),
      drops: event("drops"),
      served_stale: event("served_stale"),
    };
    this.#halfEvents = { hits: halfEvent("hits"), evictions: halfEvent("evictions") };
    this.#entries = instruments.gauge("coredns_cache_entries", "Entries in the cache.", withType);
    this.#zones = zones;
  }

  count(event: Event, server: string): void {
    this.#events[event].inc(this.#labels(server).all);
  }

  countHalf(event: HalfEvent, half: Half, server: string, by?: number): void {
    this.#halfEvents[event].inc(this.#labels(server)[half], by);
  }

  /** Counts a request that is a hit, each time it is called. */
  hitCounter(half: Half, server: string): () => void {
    return this.#labels(server).countHit[half];
  }

  setEntries(store: AnswerStore, server: string): void {
    const { success, denial } = this.#labels(server);
    this.#entries.set(success, store.size("success"));
    this.#entries.set(denial, store.size("denial"));
  }

  #hitCounter(all: Labels<Label>, ofHalf: Labels<Label | "type">): () => void {
    const requests = this.#events.requests.at(all);
    const hits = this.#halfEvents.hits.at(ofHalf);
    return () => {
      requests.inc();
      hits.inc();
    };
  }

  #labels(server: string): ServerLabels {
    const known = this.#servers.get(server);
    if (known !== undefined) return known;
    const all = { server, zones: this.#zones, view: "" };
    const success = { ...all, type: "success" };
    const denial = { ...all, type: "denial" };
    const countHit = { success: this.#hitCounter(all, success), denial: this.#hitCounter(all, denial) };
    const labels: ServerLabels = { all, success, denial, countHit };
    this.#servers.set(server, labels);
    return labels;
  }
}
