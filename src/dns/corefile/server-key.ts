/** `[SCHEME://]ZONE[:PORT]`: what a server block serves, and where. */

import type { Name } from "../wire/name.ts";
import type { Reading } from "./reading.ts";
import type { Place, Word } from "./syntax.ts";
import { parseZones } from "./zones.ts";

export const schemePorts = { dns: 53, tls: 853, https: 443, quic: 853, grpc: 443, https3: 443 } as const;
export type Scheme = keyof typeof schemePorts;

export interface ServerKey {
  readonly scheme: Scheme;
  readonly zone: Name;
  /** Undefined: the default of the scheme, which `-dns.port` changes for plain DNS. */
  readonly port: number | undefined;
  readonly at: Place;
}

/** One key for a domain name, several for a CIDR whose mask covers several reverse zones. */
export function readServerKey(word: Word, reading: Reading): readonly ServerKey[] {
  const [, scheme = "dns", zoneText = "", portText] =
    /^(?:([a-z0-9]+):\/\/)?(.*?)(?::(\d+))?$/s.exec(word.text) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  const zones = parseZones(zoneText === "" ? "." : zoneText);
  if (!isScheme(scheme)) {
    const known = Object.keys(schemePorts).join(", ");
    reading.report("COREFILE_KEY", word.at, `${scheme}:// is no transport`, `use one of: ${known}`);
    return [];
  }
  if (zones === undefined || (port !== undefined && (port === 0 || port > 65535))) {
    reading.report(
      "COREFILE_KEY",
      word.at,
      `"${word.text}" is not a zone to serve`,
      "write [SCHEME://]ZONE[:PORT]",
    );
    return [];
  }
  return zones.map(zone => ({ scheme, zone, port, at: word.at }));
}

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(schemePorts, text);
}
