/** `frontdesk dns`: the cluster's DNS server, fed by the Kubernetes API. */

import { isIP } from "node:net";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { ApiSource, livePods } from "../cluster/api/api-source.ts";
import { openAccess } from "../cluster/api/kubeconfig.ts";
import type { Kind } from "../cluster/objects.ts";
import { ClusterStore } from "../cluster/store.ts";
import { kindsNeeded } from "../dns/zone/zone-query.ts";
import type { AdminServer, Route } from "../observe/admin.ts";
import { healthRoute, metricsRoute, readyRoute, serveAdmin } from "../observe/admin.ts";
import { createLogger } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import { allAddresses, ownAddresses, startNameService } from "./name-service.ts";
import type { Given, Verb } from "./verb.ts";
import { UsageError } from "./verb.ts";
import { version } from "./version.ts";
import { readZoneFlags, zoneFlags } from "./zone-flags.ts";

/** How long listening waits for the first lists, as CoreDNS does; what is missing then is answered SERVFAIL. */
const startupTimeoutMs = 5_000;

export const dnsVerb: Verb = {
  name: "dns",
  summary: "Answer cluster DNS from a Kubernetes API server.",
  usage: "[--kubeconfig FILE] [FLAGS]",
  flags: [
    {
      name: "kubeconfig",
      value: "FILE",
      help: "how to reach the API server; without it, $KUBECONFIG or the Pod's service account",
    },
    { name: "context", value: "NAME", help: "context of the kubeconfig to use instead of its current one" },
    { name: "dns.port", short: "p", value: "PORT", default: "53", help: "port to answer on, UDP and TCP" },
    {
      name: "listen",
      value: "ADDRESSES",
      help: "IP addresses to answer on, separated by commas; without it, all",
    },
    ...zoneFlags(30),
    { name: "health-address", value: "HOST:PORT", default: ":8080", help: "where /health is" },
    { name: "ready-address", value: "HOST:PORT", default: ":8181", help: "where /ready is" },
    { name: "metrics-address", value: "HOST:PORT", default: ":9153", help: "where /metrics is" },
  ],
  run: runDns,
};

async function runDns(given: Given, stopped: Promise<unknown>): Promise<number> {
  const addresses = readAddresses(given);
  const zoneOptions = readZoneFlags(given, () => ownAddresses(addresses));
  const port = given.number("dns.port", 0, 65535);
  const access = await openAccess({ file: readKubeconfig(given), context: given.text("context") });
  const log = await createLogger();
  const metrics = new Metrics({ version, revision: "" });
  const store = new ClusterStore(error =>
    log.error({ err: error }, "a listener of the cluster's changes failed"),
  );
  const kinds = kindsNeeded(zoneOptions);
  const source = new ApiSource({
    access,
    store,
    kinds,
    log,
    selections: { Pod: livePods },
    onRequest: ({ verb, ...request }) =>
      metrics.restClientRequestObserved({ verb, method: verb, ...request }),
  });
  const missing = () => whatIsMissing(store, source);
  let isAnswering = false;
  const admin = await startAdmin(given, log, metrics, () => {
    const reasons = missing();
    return reasons.length > 0 || isAnswering ? reasons : ["not answering DNS"];
  });
  source.start();
  const synced = untilSynced(store, kinds);
  if ((await firstOf(synced, stopped)) !== "stopped") {
    const names = await startNameService({ store, zoneOptions, addresses, port, metrics, log });
    isAnswering = true;
    log.info({ addresses, port: names.port, version }, "answering DNS");
    logUnsynced(log, missing(), synced);
    const signal = await stopped;
    isAnswering = false;
    log.info({ signal }, "stopping");
    await names.close();
  }
  await Promise.all([source.stop(), ...admin.map(server => server.close())]);
  return 0;
}

/** A server that answers SERVFAIL says so once, with the reason, and once when that is over. */
function logUnsynced(log: Logger, missing: readonly string[], synced: Promise<unknown>): void {
  if (missing.length === 0) return;
  log.warn({ missing }, "names that are not known yet are answered SERVFAIL");
  synced.then(
    () => log.info("everything is loaded; nothing is answered SERVFAIL for that any more"),
    () => {},
  );
}

/** An unset variable in a script (`--kubeconfig "$FILE"`) is a mistake, not a wish for the default. */
function readKubeconfig(given: Given): string | undefined {
  const file = given.text("kubeconfig");
  if (file !== "") return file;
  throw new UsageError("--kubeconfig is empty", "name a file, or leave the flag out");
}

function readAddresses(given: Given): readonly string[] {
  const [surplus] = given.positionals;
  if (surplus !== undefined) {
    throw new UsageError(`"${surplus}" means nothing to frontdesk dns`, "see frontdesk help dns");
  }
  const addresses = given.text("listen")?.split(",") ?? allAddresses();
  const wrong = addresses.find(address => isIP(address) === 0);
  if (wrong === undefined) return addresses;
  throw new UsageError(`--listen: "${wrong}" is not an IP address`, "give addresses such as 127.0.0.1,::1");
}

/** One HTTP server for each address; flags with the same address share one. */
async function startAdmin(
  given: Given,
  log: Logger,
  metrics: Metrics,
  missing: () => readonly string[],
): Promise<readonly AdminServer[]> {
  const byAddress = new Map<string, Record<string, Route>>();
  const add = (flag: string, path: string, route: Route) => {
    const address = given.text(flag) ?? "";
    byAddress.set(address, { ...byAddress.get(address), [path]: route });
  };
  add("health-address", "/health", healthRoute());
  add("ready-address", "/ready", readyRoute(missing));
  add("metrics-address", "/metrics", metricsRoute(metrics));
  return Promise.all([...byAddress].map(([address, routes]) => serveAdmin({ address, routes, log })));
}

/** One line for each kind that is not loaded, with the API server's own words where it said something. */
function whatIsMissing(store: ClusterStore, source: ApiSource): readonly string[] {
  return source
    .status()
    .filter(({ kind }) => !store.isSynced(kind))
    .map(({ resource, state, lastError }) => `waiting for ${resource}: ${lastError ?? state}`);
}

function untilSynced(store: ClusterStore, kinds: readonly Kind[]): Promise<void> {
  return new Promise(resolve => {
    const check = () => {
      if (!kinds.every(kind => store.isSynced(kind))) return;
      end();
      resolve();
    };
    const end = store.onSynced(check);
    check();
  });
}

/** What comes first: everything is loaded, a signal to stop, or the time to listen anyway. */
async function firstOf(synced: Promise<unknown>, stopped: Promise<unknown>): Promise<string> {
  const waiting = new AbortController();
  const timeout = setTimeout(startupTimeoutMs, "timeout", { signal: waiting.signal }).catch(() => "timeout");
  const first = await Promise.race([synced.then(() => "synced"), stopped.then(() => "stopped"), timeout]);
  waiting.abort();
  return first;
}
