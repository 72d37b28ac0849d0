/** `[SCHEME://]ZONE[:PORT]`: what a server block serves, and where. */

import type { Name } from "../wire/name.ts";
import type { Reading } from "./reading.ts";
import type { Place, Word } from "./syntax.ts";
import { oddPartOfZone, parseZones } from "./zones.ts";

export const schemePorts = { dns: 53, tls: 853, https: 443 } as const;
export type Scheme = keyof typeof schemePorts;

/** What CoreDNS serves besides. */
const otherSchemes: ReadonlySet<string> = new Set(["quic", "grpc", "https3", "unix"]);

export interface ServerKey {
  readonly scheme: Scheme;
  readonly zone: Name;
  /** Undefined: the default of the scheme, which `-dns.port` changes for plain DNS. */
  readonly port: number | undefined;
  readonly at: Place;
}

/**
 * One key for a domain name, several for a CIDR whose mask covers several reverse zones, none for what cannot be
 * served. Whatever is no scheme, port or CIDR becomes a part of the zone's name, as it does in CoreDNS.
 */
export function readServerKey(word: Word, reading: Reading): readonly ServerKey[] {
  const [, schemeText = "dns", rest = word.text] = /^([a-z0-9]+):\/\/(.*)$/s.exec(word.text) ?? [];
  if (otherSchemes.has(schemeText)) {
    const remedy = "use dns://, tls:// or https://, or remove it";
    const what = `${schemeText}:// is not offered here: ${word.text} is not served`;
    reading.report("COREFILE_NOT_OFFERED", word.at, what, remedy);
    return [];
  }
  const scheme = isScheme(schemeText) ? schemeText : undefined;
  const [, zoneText = "", portText] =
    /^(.*?)(?::([+-]?\d+))?$/s.exec(scheme === undefined ? word.text : rest) ?? [];
  const port = portText === undefined ? undefined : Number(portText);
  if (port !== undefined && (port < 0 || port > 65_535)) {
    reading.report("COREFILE_KEY", word.at, `${port} is no port`, "write a number from 1 to 65535");
    return [];
  }
  const zones = zoneText.endsWith(":") || isAmbiguousCidr(zoneText) ? undefined : parseZones(zoneText);
  if (zones === undefined) {
    const remedy = `write [SCHEME://]ZONE[:PORT]${zoneText === "" ? "; the root zone is written ." : ""}`;
    reading.report("COREFILE_KEY", word.at, `"${word.text}" is not a zone to serve`, remedy);
    return [];
  }
  const odd = oddPartOfZone(zoneText);
  if (odd !== undefined) {
    const what = `"${odd}" is taken as a part of the zone's name "${zoneText}"`;
    reading.report("COREFILE_RISKY", word.at, what, "write [SCHEME://]ZONE[:PORT]");
  }
  return zones.map(zone => ({ scheme: scheme ?? "dns", zone, port, at: word.at }));
}

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(schemePorts, text);
}

/** CoreDNS refuses networks that begin with `::` or, in IPv6, with 0: its reverse zones would come out wrong. */
function isAmbiguousCidr(text: string): boolean {
  return /^(?:::|0[^.]*:).*\/\d+$/.test(text);
}
