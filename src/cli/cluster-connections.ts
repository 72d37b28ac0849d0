/** The clusters that server blocks ask for: equal wishes share one store and one set of watches. */

import type { Logger } from "pino";
import { ApiSource, selectionsOf } from "../cluster/api/api-source.ts";
import { openAccess } from "../cluster/api/kubeconfig.ts";
import { ClusterStore } from "../cluster/store.ts";
import { untilSynced } from "../cluster/until-synced.ts";
import type { ClusterAccess, ClusterRequest, OpenCluster } from "../dns/plugins/plugin.ts";
import type { ObservedRestCall } from "../observe/metrics.ts";
import { giveBackMemory, saveMemory } from "./give-back-memory.ts";
import { startQuickly } from "./quick-start.ts";

export interface ClusterConnectionsOptions {
  /** For blocks that name no API server. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly onRequest: (call: ObservedRestCall) => void;
  readonly log: Logger;
}

interface Connection {
  readonly store: ClusterStore;
  readonly source: ApiSource;
  readonly synced: Promise<void>;
  users: number;
}

/** From having everything to giving back what it took to get it. */
const settlingMs = 1_000;

export class ClusterConnections {
  readonly #options: ClusterConnectionsOptions;
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #open = new Set<Connection>();
  #closing: Promise<unknown> = Promise.resolve();

  constructor(options: ClusterConnectionsOptions) {
    this.#options = options;
  }

  /** Throws KubeconfigError when there is no way to the API server. */
  async open(request: ClusterRequest): Promise<OpenCluster> {
    const key = JSON.stringify(request);
    const connecting = this.#connections.get(key) ?? this.#connect(request);
    this.#connections.set(key, connecting);
    // A failed attempt must not stand in the way of the next.
    connecting.catch(() => this.#connections.delete(key));
    const connection = await connecting;
    connection.users += 1;
    return {
      cluster: connection.store,
      synced: connection.synced,
      missing: () => whatIsMissing(connection),
      close: () => this.#release(key, connection),
    };
  }

  /** What is not loaded yet and why, over all of them. */
  missing(): readonly string[] {
    return [...this.#open].flatMap(whatIsMissing);
  }

  /** Resolves when all that is opened now has been loaded once. */
  async synced(): Promise<void> {
    await Promise.all(Array.from(this.#open, ({ synced }) => synced));
  }

  /** Resolves when every connection that is not used any more is closed. */
  async closed(): Promise<void> {
    await this.#closing;
  }

  async #connect(request: ClusterRequest): Promise<Connection> {
    const { kubeconfig, context, log, onRequest } = this.#options;
    await saveMemory();
    const access = await openAccess(accessSource(request.access) ?? { file: kubeconfig, context });
    const apiLog = log.child({ plugin: "kubernetes" });
    const store = new ClusterStore(error =>
      apiLog.error({ err: error }, "a listener of the cluster's changes failed"),
    );
    const source = new ApiSource({
      access,
      store,
      kinds: request.kinds,
      log: apiLog,
      selections: selectionsOf(request),
      onRequest: ({ verb, ...call }) => onRequest({ verb, method: verb, ...call }),
    });
    startQuickly();
    source.start();
    const synced = untilSynced(store, request.kinds);
    void synced.then(() => store.indexAddresses());
    // It keeps everything waiting for some ten milliseconds: not while others wait for the server to be ready.
    void synced.then(() => setTimeout(() => void giveBackMemory("regular"), settlingMs).unref());
    const connection = { store, source, synced, users: 0 };
    this.#open.add(connection);
    return connection;
  }

  #release(key: string, connection: Connection): void {
    connection.users -= 1;
    if (connection.users > 0) return;
    this.#connections.delete(key);
    this.#open.delete(connection);
    this.#closing = Promise.all([this.#closing, connection.source.stop()]);
  }
}

function accessSource(access: ClusterAccess | undefined) {
  if (access === undefined) return undefined;
  if ("kubeconfig" in access) return { file: access.kubeconfig, context: access.context };
  const { endpoint, tls } = access;
  if (tls === undefined) return { endpoint };
  return { endpoint, tls: { certFile: tls.cert, keyFile: tls.key, caFile: tls.ca } };
}

/** One line for each kind that is not loaded, with the API server's own words where it said something. */
function whatIsMissing({ store, source }: Connection): readonly string[] {
  return source
    .status()
    .filter(({ kind }) => !store.isSynced(kind))
    .map(({ resource, state, lastError }) => `waiting for ${resource}: ${lastError ?? state}`);
}
