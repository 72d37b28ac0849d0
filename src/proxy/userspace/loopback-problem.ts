import { BlockList, isIPv6 } from "node:net";
import type { NetworkInterfaceInfo } from "node:os";
import { networkInterfaces } from "node:os";

/**
 * Why this address cannot be listened on, or undefined for one of the loopback interface. Addresses of real
 * interfaces are left alone on purpose: what is tried out here must not be open to the network.
 */
export function loopbackProblem(address: string): string | undefined {
  if (address.startsWith("127.") || address === "::1") return undefined;
  const interfaces = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  if (interfaces.some(own => own.internal && isLocalThrough(own, address))) return undefined;
  return interfaces.some(own => own.address === address)
    ? `not served: ${address} belongs to a network interface, and only loopback addresses are served`
    : notOfThisMachine(address);
}

/** Linux takes a whole IPv4 prefix of the loopback interface for its own, of IPv6 the address alone. */
function isLocalThrough({ address: own, cidr, family }: NetworkInterfaceInfo, address: string): boolean {
  if (own === address) return true;
  const [network, prefix] = cidr?.split("/") ?? [];
  if (family === "IPv6" || isIPv6(address) || network === undefined) return false;
  const local = new BlockList();
  local.addSubnet(network, Number(prefix));
  return local.check(address);
}

export function notOfThisMachine(address: string): string {
  const bits = isIPv6(address) ? 128 : 32;
  return `not reachable: ${address} is not an address of this machine (ip addr add ${address}/${bits} dev lo)`;
}
