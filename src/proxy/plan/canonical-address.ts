import { SocketAddress } from "node:net";
import type { IPFamily } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";

/**
 * The one spelling of an address, or undefined when the text is no address of this family.
 *
 * IPv4 is read as kube-proxy reads it: leading zeros are decimal (`010.0.0.1` is 10.0.0.1), because old objects
 * carry them. IPv6 is compressed as RFC 5952 says; zones (`%eth0`) have no meaning in the API and are refused.
 */
export function canonicalAddress(text: string, family: IPFamily): string | undefined {
  if (family === "IPv4") {
    const decimal = text.replace(/\b0+(?=\d)/g, "");
    return familyOf(decimal) === "IPv4" ? decimal : undefined;
  }
  if (familyOf(text) !== "IPv6" || text.includes("%")) return undefined;
  return new SocketAddress({ address: text, family: "ipv6" }).address;
}

/** The addresses of a family in their one spelling, each once; what is no address, such as "", is skipped. */
export function canonicalAddresses(texts: readonly string[], family: IPFamily): readonly string[] {
  const found = texts.map(text => canonicalAddress(text, family)).filter(address => address !== undefined);
  return [...new Set(found)];
}
