import { ClusterReads, changedKeys } from "../../cluster/cluster-reads.ts";
import type { SerialScope } from "../../cluster/serial-scope.ts";
import type { Cluster } from "../../cluster/store.ts";
import type { ZoneOptions } from "../zone/zone-query.ts";
import { Freshness } from "./freshness.ts";
import type { Provenance } from "./provenance.ts";

/** A cluster whose changes outdate the replies that were made from it, before the next query is read. */
export class FollowedCluster {
  readonly #cluster: Cluster;
  readonly #options: ZoneOptions;
  readonly #freshness = new Freshness();
  readonly #unfollow: () => void;
  /** The same functions for all replies, of which there may be many. */
  readonly #serialsNow: Readonly<Record<SerialScope, () => number>> = {
    internal: () => this.#cluster.serialOf("internal"),
    external: () => this.#cluster.serialOf("external"),
    multicluster: () => this.#cluster.serialOf("multicluster"),
  };
  /** Before, nothing can be outdated: loading a cluster costs nothing here. */
  #wasRead = false;

  constructor(cluster: Cluster, options: ZoneOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#unfollow = cluster.onChange(change => {
      if (!this.#wasRead) return;
      for (const key of changedKeys(change)) this.#freshness.touch(key);
    });
  }

  /** Lets `make` make something of the cluster; what it reads is noted, where somebody wants to know. */
  read<Value>(
    provenance: Provenance | undefined,
    make: (cluster: Cluster, options: ZoneOptions) => Value,
  ): Value {
    if (provenance === undefined) return make(this.#cluster, this.#options);
    this.#wasRead = true;
    const reads = new ClusterReads(this.#cluster);
    const serverAddresses = () => {
      // Those of this machine, which may change at any time.
      provenance.isForThisQueryOnly();
      return this.#options.serverAddresses();
    };
    const value = make(reads, { ...this.#options, serverAddresses });
    const { serialScope } = reads;
    if (!reads.isSettled) provenance.isForThisQueryOnly();
    if (serialScope !== undefined) provenance.serialNow = this.#serialsNow[serialScope];
    provenance.isMadeFrom(this.#freshness, reads.keys);
    return value;
  }

  /** Replies made from it are outdated now, since changes are no longer heard of. */
  close(): void {
    this.#unfollow();
    this.#freshness.touchAll();
  }
}
