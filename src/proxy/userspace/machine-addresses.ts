import type { NetworkInterfaceInfo } from "node:os";
import type { IPFamily } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import type { Network } from "../plan/network.ts";
import { holds, isWithin, parseNetwork, singleAddress } from "../plan/network.ts";

/** One entry of the lists in `os.networkInterfaces()`. */
export type MachineAddress = Pick<NetworkInterfaceInfo, "address" | "cidr" | "internal">;

/** The addresses of this machine at one moment, and what they mean for who comes and who is next door. */
export class MachineAddresses {
  /** Addresses by which the node itself is reached from elsewhere; not those that mean nothing without their link. */
  readonly nodeAddresses: Readonly<Record<IPFamily, readonly string[]>>;
  /** Without those that are held. */
  readonly #own: ReadonlySet<string>;
  readonly #held: ReadonlySet<string>;
  /** Linux takes a whole IPv4 network of the loopback interface for its own. */
  readonly #loopbackNetworks: readonly Network[];
  /** What is reached without a router. */
  readonly #linkNetworks: readonly Network[];

  /** `held` are those that the machine has because they are Services', and followed when they change. */
  constructor(addresses: readonly MachineAddress[], held: ReadonlySet<string>) {
    const others = addresses.filter(({ address }) => !held.has(address));
    this.#own = new Set(others.map(({ address }) => address));
    this.#held = held;
    this.#loopbackNetworks = networksOf(others, true).filter(({ family }) => family === "IPv4");
    this.#linkNetworks = networksOf(others, false);
    const ofNode = [...this.#own].filter(address => !isWithin(address, notTheNode));
    this.nodeAddresses = {
      IPv4: ofNode.filter(address => familyOf(address) === "IPv4"),
      IPv6: ofNode.filter(address => familyOf(address) === "IPv6"),
    };
  }

  isOwn(address: string): boolean {
    return this.#own.has(address) || this.#held.has(address) || isAmong(address, this.#loopbackNetworks);
  }

  /** It may be a neighbour's, who could not be reached any more if this machine took the address for its own. */
  isNextDoor(address: string): boolean {
    return !this.#own.has(address) && isAmong(address, this.#linkNetworks);
  }
}

const notTheNode: readonly string[] = ["127.0.0.0/8", "::1/128", "fe80::/10"];

function networksOf(addresses: readonly MachineAddress[], isInternal: boolean): readonly Network[] {
  return addresses
    .filter(({ internal }) => internal === isInternal)
    .map(({ cidr }) => parseNetwork(cidr ?? ""))
    .filter(network => network !== undefined);
}

function isAmong(address: string, networks: readonly Network[]): boolean {
  const family = familyOf(address);
  if (family === undefined) return false;
  const single = singleAddress(address, family);
  return networks.some(network => holds(network, single));
}
