/** Flags that say what the DNS zones are: the same for every verb that answers. */

import type { Name } from "../dns/wire/name.ts";
import { lowerName, parseName } from "../dns/wire/name.ts";
import { WireError } from "../dns/wire/wire-error.ts";
import type { Flag, Given } from "./verb.ts";
import { UsageError } from "./verb.ts";

const podModes = ["disabled", "insecure", "verified"] as const;

export interface ZoneSettings {
  /** Lower case. */
  readonly zones: readonly Name[];
  readonly pods: (typeof podModes)[number];
  readonly ttlSeconds: number;
}

export const zoneFlags: readonly Flag[] = [
  {
    name: "zones",
    value: "LIST",
    default: "cluster.local,in-addr.arpa,ip6.arpa",
    help: "zones to answer for, separated by commas, the cluster domain first",
  },
  {
    name: "pods",
    value: "MODE",
    default: "insecure",
    help: "names of Pods: disabled, insecure (any address) or verified (known Pods only)",
  },
  {
    name: "ttl",
    value: "SECONDS",
    default: "5",
    help: "TTL of the records, 0 to 3600",
  },
];

/** Throws UsageError for values that make no zone. */
export function readZoneFlags(given: Given): ZoneSettings {
  const zones = (given.text("zones") ?? "").split(",").map(readZone);
  if (zones.every(zone => zone.at(-1) === "arpa")) {
    throw new UsageError(
      "--zones has reverse zones only",
      "name the cluster domain first, such as cluster.local",
    );
  }
  return {
    zones,
    pods: given.choice("pods", podModes),
    ttlSeconds: given.number("ttl", 0, 3600),
  };
}

function readZone(text: string): Name {
  try {
    return lowerName(parseName(text.trim()));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UsageError(`--zones: "${text}" is not a domain name`, "write names such as cluster.local");
  }
}
