/** The pages of port 10256 and `/proxyMode`, to the letter of kube-proxy's: probes and cloud providers read them. */

import type { Node } from "../../cluster/objects.ts";
import { jsonPage, type Page, textPage } from "./page.ts";
import type { HealthReport, ProxyHealth } from "./proxy-health.ts";

export interface HealthPageSources {
  readonly health: Pick<ProxyHealth, "report">;
  /** This node; undefined: the API server knows none of its name. */
  readonly node: () => Pick<Node, "isTerminating" | "taintKeys"> | undefined;
  readonly onAnswered: (page: "healthz" | "livez", status: number) => void;
}

/** The cluster autoscaler's sign on a node that it is about to remove. */
const toBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";
/** How Go writes a time that was never set. */
const noTime = "0001-01-01T00:00:00Z";

/** The page of a path on port 10256. */
export function healthPageOf(path: string, { health, node, onAnswered }: HealthPageSources): Page {
  switch (path) {
    case "/healthz": {
      const page = healthzPage(health.report(), isNodeEligible(node()));
      onAnswered("healthz", page.status);
      return page;
    }
    case "/livez": {
      const page = livezPage(health.report());
      onAnswered("livez", page.status);
      return page;
    }
    default:
      return textPage(404, "404 page not found\n");
  }
}

/** Whether load balancers should send new connections here; undefined: the API server knows no such node. */
function isNodeEligible(node: ReturnType<HealthPageSources["node"]>): boolean {
  return node !== undefined && !node.isTerminating && !node.taintKeys.includes(toBeDeletedTaint);
}

/** For load balancers: 503 also for a node that is going away, though nothing is wrong with the proxy. */
function healthzPage(report: HealthReport, isEligible: boolean): Page {
  return healthPage(report, report.isHealthy && isEligible, { nodeEligible: isEligible });
}

/** For liveness probes: a restart would help against nothing but an unhealthy proxy. */
function livezPage(report: HealthReport): Page {
  return healthPage(report, report.isHealthy, {});
}

/** The bare word. */
export function proxyModePage(mode: string): Page {
  return textPage(200, mode);
}

/** `lastUpdated` once was the last turn of a loop that always turned: an answer of 200 still says "now". */
function healthPage(report: HealthReport, isFine: boolean, nodeEligible: object): Page {
  const { isHealthy, currentTimeMs, lastUpdatedMs, families } = report;
  const status = families.map(one => [
    one.family,
    { lastUpdated: timeText(one.lastUpdatedMs), healthy: one.isHealthy },
  ]);
  const body = {
    lastUpdated: timeText(isFine ? currentTimeMs : lastUpdatedMs),
    currentTime: timeText(currentTimeMs),
    ...nodeEligible,
    healthy: isHealthy,
    ...(status.length === 0 ? {} : { status: Object.fromEntries(status) }),
  };
  return jsonPage(isFine ? 200 : 503, JSON.stringify(body));
}

function timeText(timeMs: number | undefined): string {
  return timeMs === undefined ? noTime : new Date(timeMs).toISOString();
}
