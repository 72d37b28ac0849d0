/** What stands in a configuration and makes no difference here. */

import { isMapping } from "./check-types.ts";
import type { FieldPath } from "./field-places.ts";
import type { Settings } from "./settings.ts";
import { activeSections, defaultMode } from "./settings.ts";

/**
 * kube-proxy heeds these, or did once. Those that a client library is tuned with (qps, contentType …) and those that
 * only say how often something is done are not worth a word.
 */
const withoutEffect: readonly FieldPath[] = [
  ["enableProfiling"],
  ["featureGates"],
  ["ipvs", "scheduler"],
  ["ipvs", "strictARP"],
  ["ipvs", "tcpFinTimeout"],
  ["ipvs", "tcpTimeout"],
  ["ipvs", "udpTimeout"],
  ["logging", "options"],
  ["logging", "vmodule"],
  ["portRange"],
  ["showHiddenMetricsForVersion"],
  ["windowsRunAsService"],
  ["winkernel"],
];

/** Values that a section may have without saying anything. */
const usualValues = {
  localhostNodePorts: true,
  masqueradeAll: false,
  masqueradeBit: 14,
  minSyncPeriod: 1_000,
  syncPeriod: 30_000,
} as const;

/** Fields that are set to something else than their default, and would do something in kube-proxy at most. */
export function unusedFields(settings: Settings): readonly FieldPath[] {
  const unused = withoutEffect.filter(path => saysSomething(valueAt(settings, path)));
  return [...unused, ...fieldsOfOtherModes(settings)];
}

function fieldsOfOtherModes(settings: Settings): readonly FieldPath[] {
  const { mode = defaultMode } = settings;
  const { masquerading, syncing } = activeSections(settings);
  return (["iptables", "ipvs", "nftables"] as const).flatMap(name => {
    const section: Readonly<Record<string, unknown>> = settings[name] ?? {};
    const others = [
      ...(section === masquerading ? [] : (["masqueradeAll", "masqueradeBit"] as const)),
      ...(section === syncing ? [] : (["syncPeriod", "minSyncPeriod"] as const)),
      ...(mode === "iptables" ? [] : (["localhostNodePorts"] as const)),
    ];
    const set = others.filter(field => section[field] !== undefined && section[field] !== usualValues[field]);
    return set.map(field => [name, field]);
  });
}

function saysSomething(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMapping(value)) return Object.values(value).some(saysSomething);
  // `infoBufferSize: "0"` is what kube-proxy writes of its own accord.
  return value !== undefined && value !== false && value !== 0 && value !== "0";
}

function valueAt(settings: Settings, path: FieldPath): unknown {
  return path.reduce<unknown>((at, key) => (isMapping(at) ? at[key] : undefined), settings);
}
