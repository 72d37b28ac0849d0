/** The HTTP pages a Corefile asks for: `health`, `ready`, `prometheus`. */

import type { CorefilePlan } from "../dns/corefile/plan.ts";
import { configOf } from "../dns/corefile/plan.ts";
import type { RunningBlock } from "../dns/plugins/block.ts";
import type { HealthConfig } from "../dns/plugins/health.ts";
import type { Plugin } from "../dns/plugins/plugin.ts";
import type { PrometheusConfig } from "../dns/plugins/prometheus.ts";
import type { ReadyConfig } from "../dns/plugins/ready.ts";
import type { Route } from "../observe/admin.ts";
import { healthRoute, metricsRoute, readyRoute } from "../observe/admin.ts";
import type { AdminPages } from "../observe/admin-servers.ts";
import type { Metrics } from "../observe/metrics.ts";

export interface AdminState {
  readonly metrics: Metrics;
  readonly blocks: () => readonly RunningBlock[];
  readonly state: () => "starting" | "serving" | "stopping";
  /** What is not loaded from the API server yet, while no block runs. */
  readonly missing: () => readonly string[];
}

export function adminPages(plan: CorefilePlan<Plugin>, admin: AdminState): AdminPages {
  const pages = new Map<string, Record<string, Route>>();
  const add = (address: string | undefined, path: string, route: Route) => {
    if (address !== undefined) pages.set(address, { ...pages.get(address), [path]: route });
  };
  for (const block of plan.blocks) {
    add(configOf<HealthConfig>(block, "health")?.address, "/health", healthRoute());
    add(
      configOf<ReadyConfig>(block, "ready")?.address,
      "/ready",
      readyRoute(() => reasonsNotReady(admin)),
    );
    add(configOf<PrometheusConfig>(block, "prometheus")?.address, "/metrics", metricsRoute(admin.metrics));
  }
  return pages;
}

function reasonsNotReady({ state, blocks, missing }: AdminState): readonly string[] {
  if (state() === "stopping") return ["Shutting down"];
  if (state() === "starting") {
    const waiting = missing().map(reason => `kubernetes: ${reason}`);
    return waiting.length > 0 ? waiting : ["not answering DNS yet"];
  }
  return blocks().flatMap(({ members }) =>
    members.flatMap(({ name, layer }) => (layer.notReady?.() ?? []).map(reason => `${name}: ${reason}`)),
  );
}
