import type { EndpointSlice, IPFamily } from "../cluster/objects.ts";
import type { Change } from "../cluster/store.ts";

/**
 * When the changes happened that the next sync will show: times that the slice controller wrote into the slices, for
 * `kubeproxy_network_programming_duration_seconds`.
 *
 * What happened before this process began is nobody's delay. Of a slice that is removed only the time of an earlier
 * change is known, so nothing is measured then.
 */
export class ProgrammingTimes {
  readonly #startedAtMs: number;
  /** By family, then by Service; milliseconds since 1970. */
  readonly #times: Readonly<Record<IPFamily, Map<string, number[]>>> = { IPv4: new Map(), IPv6: new Map() };

  constructor(startedAtMs: number = Date.now()) {
    this.#startedAtMs = startedAtMs;
  }

  /** Hears of every change of the cluster, before the sync that shows it. */
  changed({ kind, before, after }: Change): void {
    if (kind !== "EndpointSlice") return;
    const slice = (after ?? before) as EndpointSlice;
    if (slice.addressType === "FQDN" || slice.serviceName === "" || slice.isHeadless) return;
    const times = this.#times[slice.addressType];
    const service = `${slice.namespace}/${slice.serviceName}`;
    if (after === undefined) times.delete(service);
    else if (this.#isNews(slice.changeTriggeredAtMs, before as EndpointSlice | undefined)) {
      times.set(service, [...(times.get(service) ?? []), slice.changeTriggeredAtMs as number]);
    }
  }

  /** Hands over the times of a family and forgets them: whoever takes them observes them when its sync succeeds. */
  take(family: IPFamily): readonly number[] {
    const taken = [...this.#times[family].values()].flat();
    this.#times[family].clear();
    return taken;
  }

  #isNews(timeMs: number | undefined, before: EndpointSlice | undefined): boolean {
    return timeMs !== undefined && timeMs > this.#startedAtMs && timeMs !== before?.changeTriggeredAtMs;
  }
}
