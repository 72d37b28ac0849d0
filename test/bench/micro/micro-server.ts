/** The per-query path of `frontdesk dns` over a cluster in this process, without sockets. */

import { pino } from "pino";
import type { ClusterStore } from "../../../src/cluster/store.ts";
import { parseCorefile } from "../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../src/dns/corefile/plan.ts";
import { startBlock } from "../../../src/dns/plugins/block.ts";
import { dictionary } from "../../../src/dns/plugins/order.ts";
import type { PluginHost } from "../../../src/dns/plugins/plugin.ts";
import { AnswerShortcut } from "../../../src/dns/server/answer-shortcut.ts";
import { PreparedAnswers } from "../../../src/dns/server/prepared-answers.ts";
import { createResponder, type Respond } from "../../../src/dns/server/responder.ts";
import { createRouter, siteOf } from "../../../src/dns/server/router.ts";
import { maxShortcutOctets } from "../../../src/dns/server/shortcut.ts";
import { Work } from "../../../src/dns/server/work.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import { defaultClient } from "../../dns/plugins/rig.ts";
import { loadedStore, put } from "../../dns/server/answering.ts";
import { endpointSlice, namespace, type RawObject, service } from "../../support/cluster-fixtures.ts";
import { buildQuery } from "../../support/dns-client-query.ts";

export const serviceCount = 1_000;
const endpointCount = 10;
const log = pino({ level: "silent" });

const arrival = { client: () => defaultClient };

export class MicroServer {
  readonly #store: ClusterStore;
  readonly #respond: Respond;
  readonly #shortcut: AnswerShortcut;
  readonly #out = Buffer.alloc(maxShortcutOctets);

  private constructor(store: ClusterStore, respond: Respond, shortcut: AnswerShortcut) {
    this.#store = store;
    this.#respond = respond;
    this.#shortcut = shortcut;
  }

  /** `words` are lines of the Corefile beside kubeadm's. */
  static async start(words = ""): Promise<MicroServer> {
    const store = loadedStore(objects());
    const block = await startBlock(planOf(words), entry => hostOf(entry.at, store));
    const sites = block.plan.keys.map(({ zone }) => siteOf(zone, block, new Work()));
    const router = createRouter(sites);
    const hooks = { log, onFault: () => {}, onDropped: () => {} };
    const shortcut = new AnswerShortcut({ ...hooks, prepared: new PreparedAnswers() });
    const respond = createResponder({ ...hooks, router: () => router, server: "dns://:53", shortcut });
    return new MicroServer(store, respond, shortcut);
  }

  /** As a listener does it. Gives the size of the reply. */
  answer(query: Buffer): number {
    const size = this.#shortcut.answer(query, 0, query.length, this.#out, 0, arrival);
    return size > 0 ? size : this.answerAnew(query);
  }

  /** Without the replies that are ready. */
  answerAnew(query: Buffer): number {
    const response = this.#respond(query, defaultClient);
    if (!(response instanceof Uint8Array)) throw new Error("no reply at once");
    return response.length;
  }

  /** The reply's octets. */
  replyTo(query: Buffer): Uint8Array {
    return this.#respond(query, defaultClient) as Uint8Array;
  }

  put(object: RawObject): void {
    put(this.#store, object);
  }
}

export function queryFor(name: string): Buffer {
  return buildQuery(`${name} A`, { recursionDesired: true });
}

export function clusterIPName(n: number): string {
  return `svc-${n}.default.svc.cluster.local.`;
}

export function headlessName(n: number): string {
  return `db-${n}.default.svc.cluster.local.`;
}

/** Of a headless Service; one of its endpoints is another in each version. */
export function headlessSlice(n: number, version: number): RawObject {
  const others = Array.from(
    { length: endpointCount - 1 },
    (_, place) => `10.${129 + (n >> 8)}.${n & 255}.${place + 1}`,
  );
  const newest = `10.200.${(version >> 8) & 255}.${version & 255}`;
  return endpointSlice("default", `db-${n}`, { ports: ["http 8080"], endpoints: [newest, ...others] });
}

function objects(): readonly RawObject[] {
  const services = Array.from({ length: serviceCount }, (_, n) => [
    service("default", `svc-${n}`, { clusterIPs: [`10.96.${n >> 8}.${n & 255}`], ports: ["http 80"] }),
    service("default", `db-${n}`, { clusterIPs: ["None"], ports: ["http 80"] }),
    headlessSlice(n, 0),
  ]);
  return [namespace("default"), ...services.flat()];
}

function planOf(words: string) {
  const text = `.:53 {
    errors
    ${words}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    cache 30
    loadbalance
}`;
  const files = { read: () => undefined, glob: () => [] };
  const plan = planCorefile(parseCorefile({ file: "Corefile", text, files, environment: {} }), dictionary);
  const [block] = plan.blocks;
  if (block === undefined) throw new Error("the Corefile has no block");
  return block;
}

function hostOf(at: PluginHost["at"], store: ClusterStore): PluginHost {
  const metrics = new Metrics({ version: "0", revision: "" });
  return {
    log,
    at,
    instruments: metrics,
    queries: metrics,
    zones: [[]],
    // The line is made, and written nowhere.
    writeLogLine: () => {},
    openCluster: async () => ({
      cluster: store,
      missing: () => [],
      synced: Promise.resolve(),
      close: () => {},
    }),
    path: name => name,
    now: () => performance.now(),
  };
}
