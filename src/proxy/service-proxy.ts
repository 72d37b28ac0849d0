/** The proxy of one node: follows the cluster and keeps the back ends in line with it. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { IPFamily } from "../cluster/objects.ts";
import { objectKey } from "../cluster/objects.ts";
import type { Change, ClusterStore } from "../cluster/store.ts";
import type { BackEnd } from "./back-end.ts";
import { BackEndError } from "./back-end.ts";
import type { ProxyHealth } from "./health/proxy-health.ts";
import type { NodeState } from "./node-state.ts";
import { planService } from "./plan/plan-service.ts";
import type { ProxySettings } from "./plan/proxy-settings.ts";
import type { ServicePortPlan } from "./plan/service-port-plan.ts";
import { servicesTouchedBy } from "./plan/services-touched-by.ts";
import type { ProgrammedServices } from "./programmed-services.ts";
import { ProgrammingTimes } from "./programming-times.ts";
import type { ProxyMetrics } from "./proxy-metrics.ts";

export interface ServiceProxyOptions {
  /** Its Services and EndpointSlices are complete. */
  readonly cluster: ClusterStore;
  readonly families: readonly IPFamily[];
  /** Each is told everything. */
  readonly backEnds: readonly BackEnd[];
  /** By which the back ends were made. */
  readonly settings: ProxySettings;
  /** Asked again and again: addresses of a node come and go without a word. */
  readonly nodeState: () => NodeState;
  /** What follows when a family's rules are in force. */
  readonly programmed: ReadonlyMap<IPFamily, Programmed>;
  readonly health: ProxyHealth;
  readonly metrics: ProxyMetrics;
  /** How often it is looked whether somebody has taken rules away, and the longest pause after a failure. */
  readonly syncPeriodMs: number;
  readonly log: Logger;
  readonly nodePollMs?: number;
}

type Programmed = Pick<ProgrammedServices, "show" | "setNodePortAddresses" | "close">;

const firstRetryMs = 1_000;
const defaultNodePollMs = 1_000;

/** One round of work. */
interface Pass {
  readonly services: ReadonlyMap<string, readonly ServicePortPlan[]>;
  readonly isFull: boolean;
  readonly isNodeChanged: boolean;
  readonly isRepairDue: boolean;
}

/** Use once: `start`, later `stop`. */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #times = new ProgrammingTimes();
  /** When endpoints changed that the rules of a family do not show yet, in milliseconds since 1970. */
  readonly #triggeredAtMs = new Map<IPFamily, readonly number[]>();
  /** Services that are in no family's rules, or not as they are now, since the family failed. */
  readonly #unshown = new Map<IPFamily, Map<string, readonly ServicePortPlan[]>>();
  readonly #startedBackEnds = new Set<BackEnd>();
  /** What each back end was last told of the node. */
  readonly #settings: Map<BackEnd, ProxySettings>;
  readonly #inForce = Promise.withResolvers<void>();
  #node: NodeState;
  #touched = new Set<string>();
  #isNodeChanged = false;
  #isRepairDue = false;
  #failureCount = 0;
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryAtMs = 0;
  #timers: readonly NodeJS.Timeout[] = [];
  #unsubscribe: () => void = () => {};
  #isStopping = false;

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#settings = new Map(options.backEnds.map(backEnd => [backEnd, options.settings]));
    this.#node = options.nodeState();
  }

  /** Resolves when all Services are in force for the first time, at the latest with `stop`. */
  async start(): Promise<void> {
    const { cluster, nodePollMs = defaultNodePollMs, syncPeriodMs, families, health } = this.#options;
    for (const family of families) health.updated(family);
    this.#unsubscribe = cluster.onChange(change => this.#changed(change));
    this.#timers = [
      setInterval(() => this.#lookAtNode(), nodePollMs).unref(),
      setInterval(() => this.#lookAtRules(), syncPeriodMs).unref(),
    ];
    this.#lookAtNode();
    this.#touchAll();
    await this.#inForce.promise;
  }

  /** Resolves when nothing is under way any more; what the back ends leave in force stays so. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#unsubscribe();
    for (const timer of [...this.#timers, this.#retry]) clearTimeout(timer);
    this.#inForce.resolve();
    await this.#running;
    const { backEnds, programmed } = this.#options;
    await Promise.all([
      ...backEnds.map(one => one.stop()),
      ...[...programmed.values()].map(one => one.close()),
    ]);
  }

  #changed(change: Change): void {
    const { metrics } = this.#options;
    this.#times.changed(change);
    const keys = servicesTouchedBy(change);
    if (change.kind === "Service") metrics.serviceChanged();
    if (change.kind === "EndpointSlice" && keys.length > 0) metrics.endpointsChanged();
    if (change.kind === "Node" || change.kind === "ServiceCIDR") this.#lookAtNode();
    this.#touch(keys);
  }

  #lookAtNode(): void {
    const before = this.#node;
    const node = this.#options.nodeState();
    if (isDeepStrictEqual(before, node)) return;
    this.#node = node;
    this.#isNodeChanged ||= !isDeepStrictEqual(before.settings, node.settings);
    if (!isDeepStrictEqual(before.view, node.view)) this.#touchAll();
    this.#schedule();
  }

  #lookAtRules(): void {
    this.#isRepairDue = true;
    this.#schedule();
  }

  #touchAll(): void {
    this.#touch(Array.from(this.#options.cluster.objects("Service"), objectKey));
  }

  #touch(keys: readonly string[]): void {
    if (keys.length === 0 && this.#startedBackEnds.size > 0) return;
    for (const key of keys) this.#touched.add(key);
    for (const family of this.#options.families) {
      this.#options.health.queued(family);
      this.#options.metrics.syncQueued(family);
    }
    this.#schedule();
  }

  /** While something fails, attempts keep a distance: each of them builds everything anew. */
  #schedule(): void {
    if (this.#isStopping) return;
    if (this.#failureCount === 0) this.#running ??= this.#work();
    else this.#retryIn(firstRetryMs);
  }

  /** A change does not wait for the end of a long pause. */
  #retryIn(delayMs: number): void {
    const atMs = performance.now() + delayMs;
    if (this.#retry !== undefined && this.#retryAtMs <= atMs) return;
    clearTimeout(this.#retry);
    this.#retryAtMs = atMs;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#running ??= this.#work();
    }, delayMs);
  }

  async #work(): Promise<void> {
    do {
      // Changes that come in one turn of the event loop share a pass.
      await nextTurn();
      await this.#pass(this.#takeUp());
    } while (this.#isWorkLeft() && this.#failureCount === 0 && !this.#isStopping);
    this.#running = undefined;
    if (this.#failureCount > 0 && !this.#isStopping) this.#retryIn(this.#pauseMs());
  }

  #isWorkLeft(): boolean {
    return this.#touched.size > 0 || this.#isNodeChanged || this.#isRepairDue;
  }

  #pauseMs(): number {
    const pauseMs = firstRetryMs * 2 ** Math.min(this.#failureCount - 1, 10);
    return this.#isWorkLeft() ? firstRetryMs : Math.min(pauseMs, this.#options.syncPeriodMs);
  }

  #takeUp(): Pass {
    const { cluster, metrics } = this.#options;
    const isFull = this.#failureCount > 0 || this.#startedBackEnds.size === 0;
    const services = new Map<string, readonly ServicePortPlan[]>();
    for (const key of this.#touched) {
      const service = cluster.get("Service", key);
      services.set(key, service === undefined ? [] : planService(cluster, service, this.#node.view));
    }
    const pass = { services, isFull, isNodeChanged: this.#isNodeChanged, isRepairDue: this.#isRepairDue };
    this.#touched = new Set();
    this.#isNodeChanged = false;
    this.#isRepairDue = false;
    metrics.changesTaken();
    return pass;
  }

  async #pass(pass: Pass): Promise<void> {
    const { families, log } = this.#options;
    for (const family of families) this.#noteUnshown(family, pass.services);
    const startedAtMs = performance.now();
    const failed = new Set<IPFamily>();
    for (const backEnd of this.#options.backEnds) {
      try {
        await this.#drive(backEnd, pass);
      } catch (err) {
        const concerned = err instanceof BackEndError ? err.families : families;
        for (const family of concerned) failed.add(family);
        log.error({ err, families: concerned }, "Services are not in force; this is tried again");
      }
    }
    this.#failureCount = failed.size === 0 ? 0 : this.#failureCount + 1;
    const durationSeconds = (performance.now() - startedAtMs) / 1000;
    for (const family of families) {
      if (failed.has(family)) this.#noteFailure(family);
      else this.#showFamily(family, pass, durationSeconds);
    }
    if (failed.size === 0) this.#inForce.resolve();
  }

  async #drive(backEnd: BackEnd, pass: Pass): Promise<void> {
    if (!this.#startedBackEnds.has(backEnd)) {
      await backEnd.start(this.#plansForStart(pass));
      this.#startedBackEnds.add(backEnd);
      return this.#tellSettings(backEnd);
    }
    await this.#tellSettings(backEnd);
    if (pass.services.size > 0 || this.#failureCount > 0) await backEnd.update(pass.services);
    if (!pass.isRepairDue) return;
    const repaired = await backEnd.repair();
    if (repaired.length === 0) return;
    this.#options.log.warn({ families: repaired }, "somebody took rules away; they are in force again");
  }

  /** They may have changed since the back end was made, also before it was started. */
  async #tellSettings(backEnd: BackEnd): Promise<void> {
    const { settings } = this.#node;
    if (isDeepStrictEqual(this.#settings.get(backEnd), settings)) return;
    // What it does not manage now it does with the next call.
    this.#settings.set(backEnd, settings);
    await backEnd.updateSettings(settings);
  }

  /** A start that failed has told the back end nothing: then what this pass brings is not all there is. */
  #plansForStart({ services }: Pass): ReadonlyMap<string, readonly ServicePortPlan[]> {
    if (this.#failureCount === 0) return services;
    const { cluster } = this.#options;
    return new Map(
      Array.from(cluster.objects("Service"), service => [
        objectKey(service),
        planService(cluster, service, this.#node.view),
      ]),
    );
  }

  #noteUnshown(family: IPFamily, services: Pass["services"]): void {
    const unshown = this.#unshown.get(family) ?? new Map<string, readonly ServicePortPlan[]>();
    for (const [key, plans] of services) {
      unshown.set(
        key,
        plans.filter(plan => plan.family === family),
      );
    }
    this.#unshown.set(family, unshown);
    this.#triggeredAtMs.set(family, [
      ...(this.#triggeredAtMs.get(family) ?? []),
      ...this.#times.take(family),
    ]);
  }

  /** From now on something waits, even where no change did: rules that somebody took away, settings of the node. */
  #noteFailure(family: IPFamily): void {
    this.#options.metrics.syncFailed(family);
    this.#options.health.queued(family);
  }

  #showFamily(family: IPFamily, { services: changed, isFull, isNodeChanged }: Pass, seconds: number): void {
    // A look at the rules that found nothing amiss is no sync.
    if (changed.size === 0 && !isFull && !isNodeChanged) return;
    const { metrics, health, programmed } = this.#options;
    metrics.syncSucceeded({ family, extent: isFull ? "full" : "partial", durationSeconds: seconds });
    metrics.programmed(family, this.#triggeredAtMs.get(family) ?? []);
    this.#triggeredAtMs.delete(family);
    health.updated(family);
    if (this.#touched.size > 0) health.queued(family);
    const services = programmed.get(family);
    services?.setNodePortAddresses(this.#node.settings.nodePortAddresses);
    services?.show(this.#unshown.get(family) ?? []);
    this.#unshown.delete(family);
  }
}
