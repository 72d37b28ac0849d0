/** Which addresses stand for this node, and on which of them node ports are served. */

import type { IPFamily, Node } from "../cluster/objects.ts";
import { familyOf } from "../cluster/objects.ts";
import { parseAddress } from "./configuration/host-port.ts";
import type { ProxyConfiguration } from "./configuration/proxy-configuration.ts";
import { canonicalAddresses } from "./plan/canonical-address.ts";
import type { Network } from "./plan/network.ts";
import { holds, parseNetwork, singleAddress } from "./plan/network.ts";
import type { ProxySettings } from "./plan/proxy-settings.ts";

export interface NodeAddresses {
  readonly primaryFamily: IPFamily;
  /** One of each family; a loopback address where none is known. */
  readonly nodeIPs: Readonly<Record<IPFamily, string>>;
  readonly nodePortAddresses: ProxySettings["nodePortAddresses"];
  /** Whether node ports are served on loopback addresses besides. */
  readonly servesLocalhost: Readonly<Record<IPFamily, boolean>>;
}

type NodeIPs = Pick<Node, "internalIPs" | "externalIPs">;

type Configuration = Pick<ProxyConfiguration, "bindAddress" | "nodePortAddresses" | "localhostNodePorts">;

/** One entry of the lists in `os.networkInterfaces()`. */
export interface LocalAddress {
  readonly address: string;
}

/** `node` is undefined while its object is not known; `local` has every address of every interface. */
export function nodeAddressesOf(
  node: NodeIPs | undefined,
  local: readonly LocalAddress[],
  configuration: Configuration,
): NodeAddresses {
  const { primaryFamily, nodeIPs } = nodeIPsOf(node, configuration.bindAddress);
  const networks = nodePortNetworks(configuration.nodePortAddresses, nodeIPs);
  const addresses = local.map(({ address }) => address);
  return {
    primaryFamily,
    nodeIPs,
    nodePortAddresses: {
      IPv4: selectAddresses(networks.IPv4, addresses, "IPv4"),
      IPv6: selectAddresses(networks.IPv6, addresses, "IPv6"),
    },
    servesLocalhost: {
      IPv4: servesLoopback(networks.IPv4, "IPv4", configuration),
      IPv6: servesLoopback(networks.IPv6, "IPv6", configuration),
    },
  };
}

/** `detectNodeIPs` upstream: the bind address, then what the Node object says, internal addresses first. */
function nodeIPsOf(node: NodeIPs | undefined, bindAddress: string | undefined) {
  const texts = [bindAddress ?? "", ...(node?.internalIPs ?? []), ...(node?.externalIPs ?? [])];
  const known = texts.map(parseAddress).filter(address => address !== undefined);
  const of = (family: IPFamily) => known.find(address => familyOf(address) === family) ?? loopbackIPs[family];
  const primaryFamily = familyOf(known[0] ?? "") ?? "IPv4";
  return { primaryFamily, nodeIPs: { IPv4: of("IPv4"), IPv6: of("IPv6") } };
}

const loopbackIPs: Readonly<Record<IPFamily, string>> = { IPv4: "127.0.0.1", IPv6: "::1" };

/** What the words of `nodePortAddresses` stand for; `primary` depends on the node. */
const networksOfWords: Readonly<Record<string, readonly string[]>> = {
  all: ["0.0.0.0/0", "::/0"],
  localhost: ["127.0.0.0/8", "::1/128"],
};

/**
 * Networks that node ports are limited to. A family without any is not limited: so kube-proxy has it, also where
 * `primary` is asked for and the node has no address of the family.
 */
function nodePortNetworks(
  entries: readonly string[],
  nodeIPs: Readonly<Record<IPFamily, string>>,
): Readonly<Record<IPFamily, readonly Network[]>> {
  const primary = (["IPv4", "IPv6"] as const)
    .filter(family => !holds(loopbackOf(family), singleAddress(nodeIPs[family], family)))
    .map(family => singleAddress(nodeIPs[family], family));
  const networks = entries.flatMap(entry => {
    if (entry === "primary") return primary;
    return (networksOfWords[entry] ?? [entry]).map(parseNetwork).filter(network => network !== undefined);
  });
  const of = (family: IPFamily) => {
    const limits = networks.filter(network => network.family === family);
    return limits.length > 0 ? limits : [{ family, first: 0n, prefixLength: 0 }];
  };
  return { IPv4: of("IPv4"), IPv6: of("IPv6") };
}

function selectAddresses(
  networks: readonly Network[],
  local: readonly string[],
  family: IPFamily,
): readonly string[] | "all-local" {
  if (networks.some(({ prefixLength }) => prefixLength === 0)) return "all-local";
  return canonicalAddresses(local, family).filter(address => {
    const single = singleAddress(address, family);
    return !holds(loopbackOf(family), single) && networks.some(network => holds(network, single));
  });
}

/** In mode iptables they are served on IPv4 unless the networks leave them out, in others where they are asked for. */
function servesLoopback(
  networks: readonly Network[],
  family: IPFamily,
  { localhostNodePorts }: Configuration,
): boolean {
  const loopback = loopbackOf(family);
  if (networks.some(network => holds(loopback, network))) return true;
  return family === "IPv4" && localhostNodePorts && networks.some(network => holds(network, loopback));
}

function loopbackOf(family: IPFamily): Network {
  return family === "IPv4"
    ? { family, first: 127n << 24n, prefixLength: 8 }
    : { family, first: 1n, prefixLength: 128 };
}
