/** DNS over a cluster store, with its metrics: the part that `dns` and `up` share. */

import type { NetworkInterfaceInfo } from "node:os";
import { networkInterfaces } from "node:os";
import type { Logger } from "pino";
import type { EndpointSlice } from "../cluster/objects.ts";
import type { Change, ClusterStore } from "../cluster/store.ts";
import type { DNSServer } from "../dns/server/dns-server.ts";
import { startDNSServer } from "../dns/server/dns-server.ts";
import type { Exchange } from "../dns/server/responder.ts";
import { createResponder } from "../dns/server/responder.ts";
import type { Name } from "../dns/wire/name.ts";
import { formatName } from "../dns/wire/name.ts";
import { answerQuestion } from "../dns/zone/kubernetes-zone.ts";
import type { ZoneOptions } from "../dns/zone/zone-query.ts";
import type { Metrics } from "../observe/metrics.ts";

export interface NameServiceOptions {
  readonly store: ClusterStore;
  readonly zoneOptions: ZoneOptions;
  /** IP addresses to listen on. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Answers until closed. Throws DNSListenError when it cannot listen. */
export async function startNameService(options: NameServiceOptions): Promise<DNSServer> {
  const { store, zoneOptions, metrics } = options;
  const server = `dns://:${options.port}`;
  // Said once: making the text of a zone for each query would cost more than counting the query.
  const zoneTexts = new Map(zoneOptions.zones.map(zone => [zone, formatName(zone)]));
  const respond = createResponder({
    served: [...zoneTexts.values()].join(" "),
    answer: question => answerQuestion(store, zoneOptions, question),
    onExchange: exchange => countExchange(metrics, server, zoneTexts, exchange),
    onFault: () => metrics.panicObserved(),
    log: options.log,
  });
  const dnsServer = await startDNSServer({ ...options, respond });
  metrics.setEnabledPlugins(
    [...zoneTexts.values()].flatMap(zone =>
      ["kubernetes", "loadbalance"].map(plugin => ({ server, zone, plugin })),
    ),
  );
  const stopMeasuring = store.onChange(change => measureProgramming(store, metrics, change));
  return {
    port: dnsServer.port,
    close: () => {
      stopMeasuring();
      return dnsServer.close();
    },
  };
}

function countExchange(
  metrics: Metrics,
  server: string,
  zoneTexts: ReadonlyMap<Name, string>,
  exchange: Exchange,
): void {
  const zone = exchange.zone === undefined ? undefined : zoneTexts.get(exchange.zone);
  metrics.queryObserved({
    server,
    zone: zone ?? "dropped",
    protocol: exchange.client.protocol,
    family: exchange.client.family === "IPv4" ? "1" : "2",
    type: exchange.question?.type ?? 0,
    rcode: exchange.rcode,
    isDnssecOk: exchange.isDnssecOk,
    requestSizeBytes: exchange.requestSizeBytes,
    responseSizeBytes: exchange.responseSizeBytes,
    durationSeconds: exchange.durationMs / 1000,
    // CoreDNS names the outermost plugin that wrote: with its stock configurations always this one.
    plugin: zone === undefined ? "" : "loadbalance",
  });
}

/** How late DNS is, as Kubernetes measures it: from the change of the endpoints until this server answers by it. */
function measureProgramming(store: ClusterStore, metrics: Metrics, change: Change): void {
  if (change.kind !== "EndpointSlice" || !store.isSynced("EndpointSlice")) return;
  const slice = (change.after ?? change.before) as EndpointSlice;
  const service = store.service(slice.namespace, slice.serviceName);
  if (slice.changeTriggeredAtMs === undefined || service === undefined) return;
  const seconds = Math.max(0, Date.now() - slice.changeTriggeredAtMs) / 1000;
  if (!service.isHeadless) metrics.programmingDurationObserved("cluster_ip", seconds);
  else if (service.selector !== undefined) {
    metrics.programmingDurationObserved("headless_with_selector", seconds);
  }
}

/** Every address of this machine, for a server that listens on all of them; loopback ones only if there is no other. */
export function ownAddresses(listening: readonly string[]): readonly string[] {
  const isEverywhere = listening.some(address => address === "0.0.0.0" || address === "::");
  if (!isEverywhere) return listening;
  const all = interfaceAddresses();
  const outside = all.filter(({ internal, scopeid }) => !internal && !scopeid);
  return (outside.length > 0 ? outside : all).map(({ address }) => address);
}

/** Both families where the machine has both: a wildcard socket of a missing family cannot be opened. */
export function allAddresses(): readonly string[] {
  const hasIPv6 = interfaceAddresses().some(({ family }) => family === "IPv6");
  return hasIPv6 ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

function interfaceAddresses(): readonly NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces()).flatMap(list => list ?? []);
}
