/** A server block that answers octets with octets, without sockets: with the shortcut in front, or without. */

import assert from "node:assert/strict";
import { pino } from "pino";
import { ClusterStore } from "../../../src/cluster/store.ts";
import { trim } from "../../../src/cluster/trim.ts";
import type { Client } from "../../../src/dns/plugins/query.ts";
import { AnswerShortcut } from "../../../src/dns/server/answer-shortcut.ts";
import { PreparedAnswers } from "../../../src/dns/server/prepared-answers.ts";
import { createResponder, type Respond } from "../../../src/dns/server/responder.ts";
import { createRouter, siteOf } from "../../../src/dns/server/router.ts";
import { maxShortcutOctets } from "../../../src/dns/server/shortcut.ts";
import { Work } from "../../../src/dns/server/work.ts";
import type { RawObject } from "../../support/cluster-fixtures.ts";
import { defaultClient, type Rig } from "../plugins/rig.ts";

const kinds = [
  "Namespace",
  "Service",
  "EndpointSlice",
  "Pod",
  "Node",
  "ServiceImport",
  "ServiceCIDR",
] as const;

export class Answering {
  readonly prepared = new PreparedAnswers();
  /** Queries that the shortcut has answered. */
  hits = 0;
  readonly #respond: Respond;
  readonly #shortcut: AnswerShortcut | undefined;
  // As a listener has it: many datagrams in one buffer, and replies in another.
  readonly #in = Buffer.alloc(4096);
  readonly #out = Buffer.alloc(maxShortcutOctets + 7);

  constructor(rig: Rig, { usesShortcut }: { readonly usesShortcut: boolean }) {
    const hooks = { onFault: () => assert.fail("a fault inside the server"), log: pino({ level: "silent" }) };
    const { prepared } = this;
    this.#shortcut = usesShortcut
      ? new AnswerShortcut({ prepared, nowMs: () => rig.nowMs, ...hooks })
      : undefined;
    const sites = rig.block.plan.keys.map(({ zone }) => siteOf(zone, rig.block, new Work()));
    const router = createRouter(sites);
    this.#respond = createResponder({
      ...hooks,
      router: () => router,
      server: "dns://:53",
      shortcut: this.#shortcut,
      onDropped: () => {},
    });
  }

  /** The reply; undefined when there is none. `from` is who asks. */
  ask(query: Uint8Array, from: Partial<Client> = {}): Buffer | undefined | Promise<Buffer | undefined> {
    const start = 5;
    this.#in.set(query, start);
    const end = start + query.length;
    const asker = { ...defaultClient, ...from };
    const arrival = { client: () => asker };
    const size = this.#shortcut?.answer(this.#in, start, end, this.#out, 7, arrival) ?? 0;
    if (size > 0) {
      this.hits += 1;
      return Buffer.from(this.#out.subarray(7, 7 + size));
    }
    const response = this.#respond(this.#in.subarray(start, end), asker);
    return response instanceof Promise ? response.then(messageOf) : messageOf(response);
  }
}

function messageOf(response: Awaited<ReturnType<Respond>>): Buffer | undefined {
  if (response === undefined) return undefined;
  assert.ok(response instanceof Uint8Array, "one message over UDP");
  return Buffer.from(response);
}

/** A cluster that is loaded, with a clock that goes on by a second with each change. */
export function loadedStore(objects: readonly RawObject[]): ClusterStore {
  let nowMs = 1_800_000_000_000;
  const store = new ClusterStore(
    error => assert.ifError(error),
    () => {
      nowMs += 1000;
      return nowMs;
    },
  );
  for (const object of objects) put(store, object);
  for (const kind of kinds) store.markSynced(kind);
  return store;
}

/** Adds an object or puts it in the place of the one with its name. */
export function put(store: ClusterStore, object: RawObject): void {
  store.apply(trim(object.kind as (typeof kinds)[number], object));
}

/** Numbers in [0, 1) that are the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Runs with `Math.random` giving the numbers of the seed. */
export function withSeed<Value>(seed: number, run: () => Value): Value {
  const { random } = Math;
  Math.random = seededRandom(seed);
  try {
    return run();
  } finally {
    Math.random = random;
  }
}
