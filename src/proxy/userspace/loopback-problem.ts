import { networkInterfaces } from "node:os";

/**
 * Why this address cannot be listened on, or undefined for a loopback address. Addresses of real interfaces are
 * left alone on purpose: what is tried out here must not be open to the network.
 */
export function loopbackProblem(address: string): string | undefined {
  if (address.startsWith("127.") || address === "::1") return undefined;
  const interfaces = Object.values(networkInterfaces()).flat();
  return interfaces.some(own => own?.address === address)
    ? `not served: ${address} belongs to a network interface, and only loopback addresses are served`
    : notOfThisMachine(address);
}

export function notOfThisMachine(address: string): string {
  return `not reachable: ${address} is not an address of this machine`;
}
