/** `kubernetes [ZONES…] { … }` as a Corefile has it: its zones, and options that have to fit each other. */

import type { BlockContext, Stanzas } from "../../corefile/plan.ts";
import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";
import { formatName, isSameName } from "../../wire/name.ts";
import type { ZoneOptions } from "../../zone/zone-query.ts";
import type { BoundTo } from "../own-addresses.ts";
import { readBoundTo } from "../own-addresses.ts";
import type { KubernetesOptions, TlsFiles } from "./kubernetes-options.ts";
import { readOptions } from "./kubernetes-options.ts";

export interface KubernetesConfig {
  readonly zoneOptions: Omit<ZoneOptions, "serverAddresses">;
  /** Undefined: whatever the command line or the Pod's service account gives. */
  readonly access: ConfiguredAccess | undefined;
  readonly labelSelector: string | undefined;
  readonly namespaceLabelSelector: string | undefined;
  /** Name errors at or below these zones are left to the next plugin. */
  readonly fallthroughZones: readonly Name[];
  readonly startupTimeoutMs: number;
  /** Where the server block listens: what its NS records lead to. */
  readonly boundTo: BoundTo;
}

/** File names are as in the Corefile. */
export type ConfiguredAccess =
  | { readonly kubeconfig: string; readonly context: string | undefined }
  | { readonly endpoint: string; readonly tls: TlsFiles | undefined };

export function readKubernetes(stanzas: Stanzas, reading: Reading, block: BlockContext): KubernetesConfig {
  reading.isOnce(stanzas);
  const [stanza] = stanzas;
  const blockZones = block.keys.map(({ zone }) => zone);
  const zones = reading.zonesOr(stanza.args, blockZones);
  checkZones(stanza, zones, reading);
  const options = readOptions(stanza, reading);
  checkTogether(options, reading);
  const { pods, ttlSeconds, namespaces, at, labelSelector, namespaceLabelSelector } = options;
  return {
    zoneOptions: {
      zones,
      pods,
      ttlSeconds,
      endpointPodNames: at.has("endpoint_pod_names"),
      ignoreEmptyService: at.has("ignore"),
      noEndpoints: at.has("noendpoints"),
      zonal: at.has("zonal"),
      multiclusterZones: options.multicluster.flatMap(word => multiclusterZones(word, zones, reading)),
      ...(namespaces.length === 0 ? {} : { namespaces: new Set(namespaces) }),
    },
    access: accessOf(options),
    labelSelector,
    namespaceLabelSelector,
    fallthroughZones: options.fallthroughZones,
    startupTimeoutMs: options.startupTimeoutMs,
    boundTo: readBoundTo(block),
  };
}

/**
 * PTR records have to point somewhere: CoreDNS wants a zone that is not beneath in-addr.arpa or ip6.arpa, and takes
 * those two themselves for one.
 */
function checkZones(stanza: Directive, zones: readonly Name[], reading: Reading): void {
  const isReverse = (zone: Name) => /(^|\.)(in-addr|ip6)\.arpa\.$/.test(formatName(zone));
  if (zones.length === 0 || !zones.every(isReverse)) return;
  const isRefused = zones.every(zone => zone.length > 2);
  reading.report(
    isRefused ? "COREFILE_VALUE" : "COREFILE_RISKY",
    stanza.args[0]?.at ?? stanza.name.at,
    "all zones of kubernetes are reverse zones, so there is none for PTR records to lead to",
    "name the cluster's domain too, such as cluster.local",
  );
}

function multiclusterZones(word: Word, zones: readonly Name[], reading: Reading): readonly Name[] {
  const named = reading.zones([word]);
  if (named.every(zone => zones.some(served => isSameName(served, zone)))) return named;
  const served = zones.map(formatName).join(" ");
  reading.wrongValue(
    word,
    `multicluster zone "${word.text}" is not a zone of kubernetes`,
    `add it to those: ${served}`,
  );
  return [];
}

function checkTogether({ at, kubeconfig }: KubernetesOptions, reading: Reading): void {
  const report = (code: "COREFILE_CONFLICT" | "COREFILE_NO_EFFECT" | "COREFILE_RISKY", name: string) => {
    const option = at.get(name);
    return (what: string, remedy: string) => option && reading.report(code, option.name.at, what, remedy);
  };
  if (at.has("namespaces")) {
    report("COREFILE_CONFLICT", "namespace_labels")(
      "namespaces and namespace_labels cannot stand together",
      "keep one of them",
    );
  }
  if (at.has("noendpoints")) {
    report("COREFILE_CONFLICT", "zonal")(
      "zonal names are made from endpoints",
      "remove zonal or noendpoints",
    );
    report("COREFILE_RISKY", "ignore")(
      "without endpoints every ClusterIP Service counts as empty and is denied",
      "remove ignore empty_service or noendpoints",
    );
  }
  if (kubeconfig !== undefined) {
    report("COREFILE_NO_EFFECT", "endpoint")("kubeconfig is used instead of endpoint", "remove one of them");
  }
  if (kubeconfig !== undefined || !at.has("endpoint")) {
    report("COREFILE_NO_EFFECT", "tls")("tls belongs to endpoint, which is not used", "remove tls");
  }
}

function accessOf({ kubeconfig, endpoint, tls }: KubernetesOptions): ConfiguredAccess | undefined {
  if (kubeconfig !== undefined || endpoint === undefined) return kubeconfig;
  const scheme = tls === undefined ? "http" : "https";
  return { endpoint: endpoint.includes("://") ? endpoint : `${scheme}://${endpoint}`, tls };
}
