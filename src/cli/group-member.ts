/** A further process of the group: answers on the first one's ports and does what that one asks for. */

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { CorefilePlan } from "../dns/corefile/plan.ts";
import type { Plugin } from "../dns/plugins/plugin.ts";
import type { DNSServer } from "../dns/server/dns-server.ts";
import { createLineLog } from "../observe/line-log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { reasonsNotReady } from "./admin-pages.ts";
import type { ClusterConnections } from "./cluster-connections.ts";
import { loadTexts } from "./corefile-source.ts";
import type { Answer, Asked, GroupPlan, Request } from "./group-messages.ts";
import { enabledPlugins } from "./name-service.ts";
import { lameduckMs } from "./reloads.ts";
import { type DnsProcess, defaultPortOf, openDnsProcess } from "./serve-dns.ts";
import type { Given } from "./verb.ts";

/** Resolves with the exit code. */
export async function runMember(number: number, given: Given, signalled: Promise<unknown>): Promise<number> {
  const lineLog = await createLineLog({ isQuiet: given.isSet("quiet"), isShared: true, process: number });
  try {
    const shared: SharedPorts = { ports: new Map() };
    const parts = openDnsProcess(given, lineLog, clusters => ({
      portOf: key => shared.ports.get(key),
      untilFit: () => clusters.synced(),
    }));
    return await new Member(parts, shared, defaultPortOf(given)).run(signalled);
  } finally {
    await lineLog.flush();
  }
}

/** As the first process has told last. */
interface SharedPorts {
  ports: GroupPlan["ports"];
}

class Member {
  readonly #server: DNSServer;
  readonly #clusters: ClusterConnections;
  readonly #metrics: Metrics;
  readonly #shared: SharedPorts;
  readonly #defaultPort: number;
  readonly #toldToEnd = Promise.withResolvers<number>();
  #plan: CorefilePlan<Plugin> | undefined;

  constructor({ server, clusters, metrics }: DnsProcess, shared: SharedPorts, defaultPort: number) {
    this.#server = server;
    this.#clusters = clusters;
    this.#metrics = metrics;
    this.#shared = shared;
    this.#defaultPort = defaultPort;
  }

  async run(signalled: Promise<unknown>): Promise<number> {
    // The first process heeds it, and tells. Unheard it would open a debugger.
    process.on("SIGUSR1", () => {});
    const isAlone = once(process, "disconnect").then(() => 0);
    process.on("message", message => void this.#answer(message as Asked));
    const graceMs = await Promise.race([
      this.#toldToEnd.promise,
      signalled.then(() => lameduckMs((this.#plan?.blocks ?? []).map(plan => ({ plan })))),
      // Without the first nobody looks after this one; its supervisor starts them all again, on the same ports.
      process.connected ? isAlone : 0,
    ]);
    const grace = new AbortController();
    await Promise.race([delay(graceMs, undefined, { signal: grace.signal }).catch(() => {}), isAlone]);
    grace.abort();
    await this.#server.close();
    await this.#clusters.closed();
    await send({ counted: await this.#metrics.snapshot() });
    return 0;
  }

  async #answer({ id, request }: Asked): Promise<void> {
    try {
      await send({ id, value: await this.#do(request) });
    } catch (error) {
      await send({ id, problem: (error as Error).message });
    }
  }

  #do(request: Request): unknown {
    switch (request.ask) {
      case "serve":
        return this.#serve(request.plan);
      case "metrics":
        return this.#metrics.snapshot();
      case "notReady":
        return reasonsNotReady({
          state: () => (this.#plan === undefined ? "starting" : "serving"),
          blocks: () => this.#server.blocks,
          missing: () => this.#clusters.missing(),
        });
      case "end":
        return this.#toldToEnd.resolve(request.lameduckMs);
    }
  }

  async #serve({ corefile, ports }: GroupPlan): Promise<void> {
    const { plan } = loadTexts(corefile, this.#defaultPort);
    this.#shared.ports = ports;
    await this.#server.apply(withoutHealthPage(plan));
    this.#plan = plan;
    this.#metrics.setEnabledPlugins(enabledPlugins(this.#server));
  }
}

/** The page is the first process's: only that one looks how long it takes. */
function withoutHealthPage({ blocks, findings }: CorefilePlan<Plugin>): CorefilePlan<Plugin> {
  const rest = blocks.map(block => ({
    ...block,
    entries: block.entries.filter(({ plugin }) => plugin.name !== "health"),
  }));
  return { blocks: rest, findings };
}

async function send(answer: Answer): Promise<void> {
  if (!process.connected) return;
  await new Promise<void>(resolve => process.send?.(answer, undefined, undefined, () => resolve()));
}
