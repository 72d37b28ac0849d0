/** `frontdesk up`: names that resolve and addresses that connect, from plain manifests, without a cluster. */

import { isIP } from "node:net";
import type { Logger } from "pino";
import type { Finding } from "../cluster/manifest/finding.ts";
import { formatPlace } from "../cluster/manifest/finding.ts";
import { ManifestSource } from "../cluster/manifest/manifest-source.ts";
import { ClusterStore } from "../cluster/store.ts";
import type { DNSServer } from "../dns/server/dns-server.ts";
import { formatName } from "../dns/wire/name.ts";
import type { AdminServer } from "../observe/admin.ts";
import { healthRoute, metricsRoute, readyRoute, serveAdmin } from "../observe/admin.ts";
import { createLogger } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import { StandIns } from "../proxy/userspace/stand-ins.ts";
import { UserspaceProxy } from "../proxy/userspace/userspace-proxy.ts";
import { reportFindings } from "./corefile-findings.ts";
import { loadText } from "./corefile-source.ts";
import { createNameService, enabledPlugins } from "./name-service.ts";
import { ReportFollower } from "./report-follower.ts";
import { describeCluster } from "./up-report.ts";
import { formatReport, outputForms } from "./up-report-format.ts";
import type { Given, Verb } from "./verb.ts";
import { UsageError } from "./verb.ts";
import { version } from "./version.ts";
import { readZoneFlags, zoneFlags } from "./zone-flags.ts";

/** Where node ports are: `up` is a cluster of one node, this machine. */
const nodePortAddresses = ["127.0.0.1"];

export const upVerb: Verb = {
  name: "up",
  summary: "Resolve and connect the Services of plain manifests, without a cluster.",
  usage: "[--echo] [FLAGS] PATH…",
  notes: [
    "PATH is a file or folder of Kubernetes manifests; edits are followed while it runs. Addresses are made up from",
    "the loopback range, always the same for the same name: Services 127.96.0.0/12, load balancers 127.112.0.0/12,",
    "Pods 127.128.0.0/10. Addresses and ports written in a manifest are kept. Ctrl-C ends it.",
  ],
  flags: [
    {
      name: "echo",
      help: "run a stand-in behind every port of every Pod: HTTP says who answered, other bytes come back",
    },
    { name: "listen", value: "ADDRESS", default: "127.0.0.1", help: "address to answer DNS on" },
    {
      name: "dns.port",
      short: "p",
      value: "PORT",
      default: "1053",
      help: "port to answer DNS on, UDP and TCP",
    },
    {
      name: "admin",
      value: "HOST:PORT",
      default: "127.0.0.1:8053",
      help: "where /health, /ready and /metrics are",
    },
    ...zoneFlags,
    {
      name: "output",
      short: "o",
      value: "FORM",
      default: "table",
      help: "form of the start-up report: table, plain or json",
    },
  ],
  run: runUp,
};

async function runUp(given: Given, stopped: Promise<unknown>): Promise<number> {
  const settings = readSettings(given);
  const { paths, form, address, zoneSettings } = settings;
  const log = await createLogger();
  const metrics = new Metrics({ version, revision: "" });
  const store = new ClusterStore(error =>
    log.error({ err: error }, "a listener of the cluster's changes failed"),
  );
  const source = await loadManifests(paths, store, log);
  const standIns = given.isSet("echo") ? new StandIns({ cluster: store, log }) : undefined;
  const dialPort = standIns === undefined ? {} : { dialPort: standIns.dialPort };
  const proxy = new UserspaceProxy({ cluster: store, nodePortAddresses, log, ...dialPort });
  let isStopping = false;
  const admin = await startAdmin(given, log, metrics, () => isStopping);
  const names = await startNames(store, settings, metrics, log);
  const describe = () =>
    describeCluster({
      paths,
      cluster: store,
      zones: zoneSettings.zones,
      dns: { address, port: names.listeners[0]?.port ?? settings.port },
      adminAddress: admin.address,
      waysIn: proxy.waysIn(),
      standIns: standIns?.status(),
    });
  const settled = () => Promise.all([standIns?.ready(), proxy.ready()]);
  const started = Promise.all([settled(), source.watch()]).then(() => "started");
  if ((await Promise.race([started, stopped])) === "started") {
    const report = describe();
    process.stdout.write(`${formatReport(report, form)}\n`);
    const follower = new ReportFollower({ printed: report.rows, settled, rows: () => describe().rows, log });
    store.onChange(() => follower.changed());
    proxy.onStatusChange(() => follower.changed());
    await stopped;
    follower.stop();
  }
  isStopping = true;
  await Promise.all([source.stop(), names.close(), proxy.stop(), standIns?.stop(), admin.close()]);
  return 0;
}

/** The same server as `dns`: a block that answers from the manifests instead of an API server. */
async function startNames(
  store: ClusterStore,
  { address, port, zoneSettings: { zones, pods, ttlSeconds } }: Settings,
  metrics: Metrics,
  log: Logger,
): Promise<DNSServer> {
  const names = createNameService({
    defaultPort: port,
    metrics,
    log,
    writeLogLine: line => log.info(line),
    openCluster: async () => ({
      cluster: store,
      missing: () => [],
      synced: Promise.resolve(),
      close: () => {},
    }),
  });
  const { plan } = loadText(
    "up",
    `${zones.map(formatName).join(" ")} {
      bind ${address}
      errors
      prometheus
      kubernetes {
        pods ${pods}
        ttl ${ttlSeconds}
      }
      loadbalance
    }`,
    port,
  );
  reportFindings(plan.findings, log);
  await names.apply(plan);
  metrics.setEnabledPlugins(enabledPlugins(names));
  return names;
}

type Settings = ReturnType<typeof readSettings>;

function readSettings(given: Given) {
  if (given.positionals.length === 0) {
    throw new UsageError("frontdesk up has nothing to read", "name a file or folder of manifests");
  }
  const address = given.text("listen") ?? "";
  if (isIP(address) === 0) {
    throw new UsageError(`--listen: "${address}" is not an IP address`, "give one such as 127.0.0.1");
  }
  return {
    paths: given.positionals,
    form: given.choice("output", outputForms),
    address,
    port: given.number("dns.port", 0, 65535),
    zoneSettings: readZoneFlags(given),
  };
}

/** Reads everything once. A path that is not there ends the start; whatever else is wrong is logged. */
async function loadManifests(
  paths: readonly string[],
  store: ClusterStore,
  log: Logger,
): Promise<ManifestSource> {
  let hearFindings: (findings: readonly Finding[]) => void = () => {};
  const onFindings = (findings: readonly Finding[]) => hearFindings(findings);
  const source = new ManifestSource({ paths, store, log, onFindings });
  const { findings } = await source.load();
  refuseMissingPaths(findings);
  hearFindings = findingsLogger(log);
  hearFindings(findings);
  return source;
}

function startAdmin(
  given: Given,
  log: Logger,
  metrics: Metrics,
  isStopping: () => boolean,
): Promise<AdminServer> {
  const routes = {
    "/health": healthRoute(),
    "/ready": readyRoute(() => (isStopping() ? ["Shutting down"] : [])),
    "/metrics": metricsRoute(metrics),
  };
  return serveAdmin({ address: given.text("admin") ?? "", routes: () => routes, log });
}

function refuseMissingPaths(findings: readonly Finding[]): void {
  const missing = findings.find(({ code }) => code === "MANIFEST_PATH_MISSING");
  if (missing !== undefined) throw new UsageError(`${missing.file}: ${missing.message}`, missing.remedy);
}

/** Logs each finding when it comes up, and again only if it has gone in between. */
function findingsLogger(log: Logger): (findings: readonly Finding[]) => void {
  const levels = { error: "error", warning: "warn", note: "info" } as const;
  let known: ReadonlySet<string> = new Set();
  return findings => {
    const lines = new Map(findings.map(finding => [formatFinding(finding), finding] as const));
    for (const [line, { severity, code }] of lines) {
      if (!known.has(line)) log[levels[severity]]({ code }, line);
    }
    known = new Set(lines.keys());
  };
}

function formatFinding(finding: Finding): string {
  const place = finding.file === "" ? "" : `${formatPlace(finding)}: `;
  return `${place}${finding.message}${finding.remedy === "" ? "" : `; ${finding.remedy}`}`;
}
