/** `frontdesk up`: names that resolve and addresses that connect, from plain manifests, without a cluster. */

import type { Logger } from "pino";
import type { Finding } from "../cluster/manifest/finding.ts";
import { formatPlace } from "../cluster/manifest/finding.ts";
import { ManifestSource } from "../cluster/manifest/manifest-source.ts";
import { ClusterStore } from "../cluster/store.ts";
import { healthRoute, metricsRoute, readyRoute, serveAdmin } from "../observe/admin.ts";
import { createLogger } from "../observe/log.ts";
import { Metrics } from "../observe/metrics.ts";
import { StandIns } from "../proxy/userspace/stand-ins.ts";
import { UserspaceProxy } from "../proxy/userspace/userspace-proxy.ts";
import { startNameService } from "./name-service.ts";
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
    ...zoneFlags(5),
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
  if (given.positionals.length === 0) {
    throw new UsageError("frontdesk up has nothing to read", "name a file or folder of manifests");
  }
  const form = given.choice("output", outputForms);
  const port = given.number("dns.port", 0, 65535);
  const addresses = [given.text("listen") ?? ""];
  const zoneOptions = readZoneFlags(given, () => addresses);
  const log = await createLogger();
  const metrics = new Metrics({ version, revision: "" });
  const store = new ClusterStore(error =>
    log.error({ err: error }, "a listener of the cluster's changes failed"),
  );
  // A missing path ends the start with a message of its own; nothing is to be logged before that.
  let hearFindings: (findings: readonly Finding[]) => void = () => {};
  const source = new ManifestSource({
    paths: given.positionals,
    store,
    log,
    onFindings: findings => hearFindings(findings),
  });
  const loaded = await source.load();
  refuseMissingPaths(loaded.findings);
  hearFindings = findingsLogger(log);
  hearFindings(loaded.findings);

  const standIns = given.isSet("echo") ? new StandIns({ cluster: store, log }) : undefined;
  const proxy = new UserspaceProxy({
    cluster: store,
    nodePortAddresses,
    log,
    ...(standIns === undefined ? {} : { dialPort: standIns.dialPort }),
  });
  let isStopping = false;
  const admin = await serveAdmin({
    address: given.text("admin") ?? "",
    routes: {
      "/health": healthRoute(),
      "/ready": readyRoute(() => (isStopping ? ["Shutting down"] : [])),
      "/metrics": metricsRoute(metrics),
    },
    log,
  });
  const names = await startNameService({ store, zoneOptions, addresses, port, metrics, log });
  await Promise.all([standIns?.ready(), proxy.ready(), source.watch()]);
  const report = describeCluster({
    paths: given.positionals,
    cluster: store,
    zoneOptions,
    dns: { address: addresses[0] ?? "", port: names.port },
    adminAddress: admin.address,
    waysIn: proxy.waysIn(),
    standIns: standIns?.status(),
  });
  process.stdout.write(`${formatReport(report, form)}\n`);
  await stopped;
  isStopping = true;
  await Promise.all([source.stop(), names.close(), proxy.stop(), standIns?.stop(), admin.close()]);
  return 0;
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
