/** The HTTP pages a Corefile asks for: `health`, `ready`, `prometheus`. */

import type { CorefilePlan } from "../dns/corefile/plan.ts";
import { configOf } from "../dns/corefile/plan.ts";
import type { RunningBlock } from "../dns/plugins/block.ts";
import type { HealthConfig } from "../dns/plugins/health.ts";
import type { Layer, Plugin } from "../dns/plugins/plugin.ts";
import type { PrometheusConfig } from "../dns/plugins/prometheus.ts";
import type { ReadyConfig } from "../dns/plugins/ready.ts";
import type { Route } from "../observe/admin.ts";
import { healthRoute, metricsRoute, readyRoute } from "../observe/admin.ts";
import type { AdminPages } from "../observe/admin-servers.ts";
import type { Metrics } from "../observe/metrics.ts";

export interface AdminState {
  readonly metrics: Pick<Metrics, "scrape">;
  readonly blocks: () => readonly RunningBlock[];
  readonly state: () => "starting" | "serving" | "stopping";
  /** What is not loaded from the API server yet, while no block runs. */
  readonly missing: () => readonly string[];
  /** The same of other processes that answer on the same ports. */
  readonly othersNotReady?: () => readonly string[] | Promise<readonly string[]>;
}

export function adminPages(plan: CorefilePlan<Plugin>, admin: AdminState): AdminPages {
  const pages = new Map<string, Record<string, Route>>();
  const add = (address: string | undefined, path: string, route: Route) => {
    if (address !== undefined) pages.set(address, { ...pages.get(address), [path]: route });
  };
  for (const block of plan.blocks) {
    add(configOf<HealthConfig>(block, "health")?.address, "/health", healthRoute());
    const ready = configOf<ReadyConfig>(block, "ready");
    add(ready?.address, "/ready", readyPage(admin, ready?.monitor));
    add(configOf<PrometheusConfig>(block, "prometheus")?.address, "/metrics", metricsRoute(admin.metrics));
  }
  return pages;
}

function readyPage(admin: AdminState, monitor: ReadyConfig["monitor"] | undefined): Route {
  const settled = monitor === "until-ready" ? new WeakSet<Layer>() : undefined;
  let areOthersSettled = false;
  return readyRoute(async () => {
    const own = reasonsNotReady(admin, settled);
    // While one is started anew the kernel gives its queries to the rest.
    if (areOthersSettled || admin.othersNotReady === undefined || admin.state() !== "serving") return own;
    const others = await admin.othersNotReady();
    areOthersSettled = others.length === 0 && settled !== undefined;
    return [...own, ...others];
  });
}

/** Layers in `settled` are not asked again; those that are ready are added. Undefined: all are asked each time. */
export function reasonsNotReady(
  { state, blocks, missing }: Pick<AdminState, "state" | "blocks" | "missing">,
  settled?: WeakSet<Layer>,
): readonly string[] {
  if (state() === "stopping") return ["Shutting down"];
  if (state() === "starting") {
    const waiting = missing().map(reason => `kubernetes: ${reason}`);
    return waiting.length > 0 ? waiting : ["not answering DNS yet"];
  }
  return blocks().flatMap(({ members }) =>
    members.flatMap(({ name, layer }) => {
      const reasons = settled?.has(layer) ? [] : (layer.notReady?.() ?? []);
      if (reasons.length === 0) settled?.add(layer);
      return reasons.map(reason => `${name}: ${reason}`);
    }),
  );
}
