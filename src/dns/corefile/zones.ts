/** Zones as a Corefile names them: domain names, and networks that stand for their reverse zones. */

import { isIP } from "node:net";
import { reverseName } from "../wire/address.ts";
import type { Name } from "../wire/name.ts";
import { lowerName, parseName } from "../wire/name.ts";
import { WireError } from "../wire/wire-error.ts";

/**
 * The zones a word names, in lower case: one for a domain name; for a CIDR the reverse zones that cover it, several
 * where its mask ends inside an octet (IPv4) or a nibble (IPv6). Undefined for a word that is neither. What resembles a
 * CIDR and is none, such as `10.0.0.0/33`, is a domain name.
 */
export function parseZones(text: string): readonly Name[] | undefined {
  const network = parseNetwork(text);
  if (network !== undefined) return reverseZones(network);
  try {
    return [lowerName(parseName(text))];
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** Arguments may have a scheme and a port like the keys of server blocks, where they mean nothing: as CoreDNS reads them. */
export function withoutSchemeAndPort(text: string): string {
  return text.replace(/^(?:dns|tls|quic|grpc|https|unix):\/\//, "").replace(/:[+-]?\d+$/, "");
}

/** The first thing in a zone's name that was hardly meant to be a part of it. */
export function oddPartOfZone(text: string): string | undefined {
  return parseNetwork(text) === undefined ? /^\w+:\/\/|[:/,(){}]/.exec(text)?.[0] : undefined;
}

interface Network {
  readonly address: string;
  readonly mask: number;
}

function parseNetwork(text: string): Network | undefined {
  const [, address, mask] = /^([^/%]*)\/(\d{1,3})$/.exec(text) ?? [];
  if (address === undefined) return undefined;
  const family = isIP(address);
  if (family === 0 || Number(mask) > (family === 4 ? 32 : 128)) return undefined;
  return { address, mask: Number(mask) };
}

/** RFC 1035 §3.5 has a label for each octet, RFC 3596 §2.5 one for each nibble; a mask between two is all labels it holds. */
function reverseZones({ address, mask }: Network): readonly Name[] {
  const [bits, bitsOfLabel, radix] = isIP(address) === 4 ? [32, 8, 10] : [128, 4, 16];
  const host = reverseName(address);
  const labelCount = Math.ceil(mask / bitsOfLabel);
  const parent = host.slice(bits / bitsOfLabel - labelCount);
  const count = 2 ** (labelCount * bitsOfLabel - mask);
  if (count === 1) return [parent];
  const [last = "0", ...rest] = parent;
  const value = Number.parseInt(last, radix);
  const first = value - (value % count);
  return Array.from({ length: count }, (_, index) => [(first + index).toString(radix), ...rest]);
}
