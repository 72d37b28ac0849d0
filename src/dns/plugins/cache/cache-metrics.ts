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

const halves: readonly Half[] = ["success", "denial"];
const eventNames: readonly Event[] = ["requests", "misses", "prefetch", "drops", "served_stale"];
const halfEventNames: readonly HalfEvent[] = ["hits", "evictions"];

type Tick = () => void;

/** What is counted for one listener: labels are looked up once, not per query. */
interface ServerCounts {
  readonly labels: Readonly<Record<Half, Labels<Label | "type">>>;
  readonly events: Readonly<Record<Event, Tick>>;
  readonly halfEvents: Readonly<Record<HalfEvent, Readonly<Record<Half, Tick>>>>;
  readonly hit: Readonly<Record<Half, Tick>>;
  /** As they were told last. */
  readonly entries: Record<Half, number>;
}

export class CacheMetrics {
  readonly #events: Readonly<Record<Event, CounterOf<Label>>>;
  readonly #halfEvents: Readonly<Record<HalfEvent, CounterOf<Label | "type">>>;
  readonly #entries: GaugeOf<Label | "type">;
  readonly #zones: string;
  readonly #servers = new Map<string, ServerCounts>();

  constructor(instruments: Instruments, zones: string) {
    const labels = ["server", "zones", "view"] as const;
    const event = (name: Event) => instruments.counter(`coredns_cache_${name}_total`, help[name], labels);
    const withType = ["server", "type", "zones", "view"] as const;
    const halfEvent = (name: HalfEvent) =>
      instruments.counter(`coredns_cache_${name}_total`, help[name], withType);
    this.#events = mapOf(eventNames, event);
    this.#halfEvents = mapOf(halfEventNames, halfEvent);
    this.#entries = instruments.gauge("coredns_cache_entries", "Entries in the cache.", withType);
    this.#zones = zones;
  }

  count(event: Event, server: string): void {
    this.#of(server).events[event]();
  }

  countHalf(event: HalfEvent, half: Half, server: string, times = 1): void {
    const tick = this.#of(server).halfEvents[event][half];
    for (let time = 0; time < times; time++) tick();
  }

  /** Counts a request that is a hit, each time it is called. */
  hitCounter(half: Half, server: string): () => void {
    return this.#of(server).hit[half];
  }

  setEntries(store: AnswerStore, server: string): void {
    const { labels, entries } = this.#of(server);
    for (const half of halves) {
      const size = store.size(half);
      if (entries[half] === size) continue;
      entries[half] = size;
      this.#entries.set(labels[half], size);
    }
  }

  #of(server: string): ServerCounts {
    const known = this.#servers.get(server);
    if (known !== undefined) return known;
    const all = { server, zones: this.#zones, view: "" };
    const labels = { success: { ...all, type: "success" }, denial: { ...all, type: "denial" } };
    const event = (name: Event): Tick => {
      const cell = this.#events[name].at(all);
      return () => cell.inc();
    };
    const events = mapOf(eventNames, event);
    const halfEvent = (name: HalfEvent) =>
      mapOf(halves, (half): Tick => {
        const cell = this.#halfEvents[name].at(labels[half]);
        return () => cell.inc();
      });
    const halfEvents = mapOf(halfEventNames, halfEvent);
    const hit = mapOf(halves, (half): Tick => {
      const [request, ofHalf] = [events.requests, halfEvents.hits[half]];
      return () => {
        request();
        ofHalf();
      };
    });
    const counts = { labels, events, halfEvents, hit, entries: { success: none, denial: none } };
    this.#servers.set(server, counts);
    return counts;
  }
}

const none = -1;

function mapOf<Key extends string, Value>(
  keys: readonly Key[],
  make: (key: Key) => Value,
): Readonly<Record<Key, Value>> {
  return Object.fromEntries(keys.map(key => [key, make(key)])) as Record<Key, Value>;
}
