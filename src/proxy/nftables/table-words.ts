import type { IPFamily, Protocol } from "../../cluster/objects.ts";

/** How nft says things in one family. */
export interface TableWords {
  readonly family: IPFamily;
  /** Family and name: `ip frontdesk`. */
  readonly table: string;
  /** What a match on an address begins with. */
  readonly ip: "ip" | "ip6";
  readonly addressType: "ipv4_addr" | "ipv6_addr";
  readonly loopback: string;
  readonly icmp: "icmp" | "ipv6-icmp";
}

const tableName = "frontdesk";

/** `name` is another one than ours for a table that is only tried. */
export function tableWords(family: IPFamily, name = tableName): TableWords {
  return family === "IPv4"
    ? {
        family,
        table: `ip ${name}`,
        ip: "ip",
        addressType: "ipv4_addr",
        loopback: "127.0.0.0/8",
        icmp: "icmp",
      }
    : {
        family,
        table: `ip6 ${name}`,
        ip: "ip6",
        addressType: "ipv6_addr",
        loopback: "::1",
        icmp: "ipv6-icmp",
      };
}

export const protocolWords: Readonly<Record<Protocol, string>> = { TCP: "tcp", UDP: "udp", SCTP: "sctp" };
