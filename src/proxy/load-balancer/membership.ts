/**
 * This node among the nodes that run the load balancer: holds a Lease of its own, and that of the leader when it is
 * free.
 */

import { setImmediate as afterInput, setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { type ApiClient, readText } from "../../cluster/api/api-client.ts";
import { ApiStatusError } from "../../cluster/api/api-error.ts";
import type { RawObject } from "../../cluster/raw-object.ts";
import type { Lease } from "./lease.ts";
import {
  firstLeaderLease,
  leaderLeaseName,
  leasesPath,
  memberLease,
  memberLeaseName,
  readLease,
  renewal,
  resignation,
  takeover,
} from "./lease.ts";
import { followLeases } from "./lease-follower.ts";
import { LeaseView } from "./lease-view.ts";
import type { ServingNode } from "./share-node-addresses.ts";
import { Trouble, type TroubleTiming } from "./trouble.ts";

export interface MembershipTiming extends TroubleTiming {
  /** How long a node that is not heard of counts as being there. */
  readonly leaseSeconds: number;
  readonly renewMs: number;
  /** Milliseconds that never go backwards. */
  readonly monotonicMs: () => number;
}

export interface MembershipOptions {
  readonly client: Pick<ApiClient, "get" | "create" | "patch" | "delete">;
  readonly nodeName: string;
  /** Canonical addresses of this node at the moment. */
  readonly addresses: () => readonly string[];
  /** Whether others are to notice at once that the node stops, rather than when its Lease expires. */
  readonly leavesAtOnce: boolean;
  readonly timing: MembershipTiming;
  readonly log: Logger;
  /** The members or the leader have changed. */
  readonly onChange: () => void;
}

/** Leases of nodes that are gone for so long are cleared away. */
const clearAwayMs = 3_600_000;
/** A proxy that is asked to end does not wait longer for an API server. */
const farewellMs = 2_000;

/** Use once: `start`, later `stop`. */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #view: LeaseView;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #contention: Promise<void> | undefined;
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  #known = "";

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#view = new LeaseView(options.timing.monotonicMs);
  }

  start(): void {
    const { client, timing, log } = this.#options;
    const { signal } = this.#stopping;
    const following = followLeases(
      {
        client,
        view: this.#view,
        trouble: new Trouble(log, timing),
        silenceMs: timing.leaseSeconds * 1000,
        onHeard: () => this.#heard(),
      },
      signal,
    );
    this.#running = Promise.all([following, this.#keepLeases(signal)]);
  }

  /** Gives up what it holds and resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#synced.resolve();
    await this.#running;
    await this.#contention;
    if (!this.#isSynced) return;
    const farewell = AbortSignal.timeout(farewellMs);
    // What cannot be given up expires.
    await Promise.all([
      this.#resign(farewell).catch(() => {}),
      this.#options.leavesAtOnce ? this.#leave(farewell).catch(() => {}) : undefined,
    ]);
  }

  /** Whether it is this node's turn to write statuses. A leader that is no member yet does not even know itself. */
  get isLeader(): boolean {
    const lease = this.#view.get(leaderLeaseName);
    const isOurs = lease?.holder === this.#options.nodeName && this.#view.isHeld(leaderLeaseName);
    return isOurs && this.#isMember;
  }

  /** Whether anything is known of the others. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** The nodes that are there, by name. */
  members(): readonly ServingNode[] {
    return this.#view.members().map(({ holder, addresses }) => ({ name: holder, addresses }));
  }

  /** Addresses of the nodes, of those too that are away → whose they are. */
  nodeAddresses(): ReadonlyMap<string, string> {
    const leases = this.#view.allMembers();
    return new Map(
      leases.flatMap(({ addresses, holder }) => addresses.map(one => [one, `node ${holder}`] as const)),
    );
  }

  get #isMember(): boolean {
    return this.#view.isHeld(memberLeaseName(this.#options.nodeName));
  }

  #heard(): void {
    this.#isSynced = true;
    this.#synced.resolve();
    const leader = this.#view.get(leaderLeaseName);
    if (leader?.holder === "" && this.#isMember) this.#contend();
    this.#look();
  }

  #look(): void {
    const known = JSON.stringify([this.#view.get(leaderLeaseName)?.holder, this.isLeader, this.members()]);
    if (known === this.#known) return;
    this.#known = known;
    this.#options.onChange();
  }

  async #keepLeases(signal: AbortSignal): Promise<void> {
    const { log, timing } = this.#options;
    const trouble = new Trouble(log, timing);
    await this.#synced.promise;
    while (!signal.aborted) {
      const pauseMs = await this.#renewOrReport(trouble);
      await delay(pauseMs, undefined, { signal }).catch(() => {});
      // After a standstill the input that has gathered is read first, or everybody would seem to be gone.
      await afterInput();
      if (!signal.aborted) this.#look();
    }
  }

  /** Returns how long to wait before the next time. */
  async #renewOrReport(trouble: Trouble): Promise<number> {
    try {
      await this.#renewMember();
      trouble.over();
      this.#contend();
      return this.#options.timing.renewMs;
    } catch (error) {
      return this.#stopping.signal.aborted ? 0 : trouble.report(error);
    }
  }

  async #renewMember(): Promise<void> {
    const { client, nodeName, addresses } = this.#options;
    const lease = memberLease(this.#tenure(), addresses());
    const path = `${leasesPath}/${memberLeaseName(nodeName)}`;
    await client.patch(path, lease, this.#limits()).catch((error: unknown) => {
      if (!hasCode(error, 404)) throw error;
      return client.create(leasesPath, lease, this.#limits());
    });
  }

  /** Once at a time. Whoever comes too late hears of it by the watch. */
  #contend(): void {
    const { client } = this.#options;
    this.#contention ??= this.#renewOrTakeLeadership()
      .then(() => this.#clearAway(client))
      .catch(() => {})
      .finally(() => {
        this.#contention = undefined;
      });
  }

  async #renewOrTakeLeadership(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const { client, nodeName } = this.#options;
    const path = `${leasesPath}/${leaderLeaseName}`;
    const lease = this.#view.get(leaderLeaseName);
    if (lease === undefined)
      await client.create(leasesPath, firstLeaderLease(this.#tenure()), this.#limits());
    else if (lease.holder === nodeName)
      await client.patch(path, renewal(lease, this.#tenure()), this.#limits());
    else if (!this.#view.isHeld(leaderLeaseName)) {
      await client.patch(path, takeover(lease, this.#tenure()), this.#limits());
    }
  }

  async #clearAway(client: MembershipOptions["client"]): Promise<void> {
    if (!this.isLeader) return;
    for (const { name } of this.#view.membersGoneFor(clearAwayMs)) {
      await client.delete(`${leasesPath}/${name}`, this.#limits());
    }
  }

  /** Asks first: what was last written may not have been heard of yet. */
  async #resign(signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const path = `${leasesPath}/${leaderLeaseName}`;
    const limits = this.#limits(signal);
    const lease: Lease = readLease(JSON.parse(await readText(await client.get(path, limits))) as RawObject);
    if (lease.holder === this.#options.nodeName) await client.patch(path, resignation(lease), limits);
  }

  async #leave(signal: AbortSignal): Promise<void> {
    const { client, nodeName } = this.#options;
    await client.delete(`${leasesPath}/${memberLeaseName(nodeName)}`, this.#limits(signal));
  }

  #tenure() {
    const { nodeName, timing } = this.#options;
    return { nodeName, durationSeconds: timing.leaseSeconds, nowMs: Date.now() };
  }

  #limits(signal: AbortSignal = this.#stopping.signal) {
    const silenceMs = this.#options.timing.leaseSeconds * 1000;
    return { signal, headersSilenceMs: silenceMs, bodySilenceMs: silenceMs };
  }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof ApiStatusError && error.code === code;
}
