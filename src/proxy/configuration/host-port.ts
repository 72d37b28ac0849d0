/** `address:port` as kube-proxy writes it: `10.0.0.1:80`, `[fd00::1]:80`, or an address alone. */

import { canonicalAddress } from "../plan/canonical-address.ts";

export interface HostPort {
  /** In canonical spelling. */
  readonly address: string;
  readonly port: number;
}

/** Undefined for anything else; `defaultPort` stands in where none is written, as upstream's AppendPortIfNeeded has it. */
export function parseHostPort(text: string, defaultPort: number): HostPort | undefined {
  const alone = parseAddress(text);
  if (alone !== undefined) return { address: alone, port: defaultPort };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:]*)):\+?(\d{1,9})$/.exec(text) ?? [];
  const address = parseAddress(bracketed ?? plain ?? "");
  const port = Number(digits);
  return address !== undefined && port >= 1 && port <= 65535 ? { address, port } : undefined;
}

/** An address of either family in canonical spelling. */
export function parseAddress(text: string): string | undefined {
  return canonicalAddress(text, text.includes(":") ? "IPv6" : "IPv4");
}
