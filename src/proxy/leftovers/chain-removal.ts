/**
 * Which chains and rules in a table of iptables are kube-proxy's: in mode iptables and in mode ipvs, which has chains
 * for what ipvs cannot do.
 *
 * The names are those of kube-proxy's own clean-up (`pkg/proxy/iptables`, `pkg/proxy/ipvs`), and not every name with
 * KUBE- before it: KUBE-FIREWALL, KUBE-MARK-DROP, KUBE-IPTABLES-HINT and KUBE-KUBELET-CANARY are kubelet's,
 * KUBE-ROUTER-…, KUBE-NWPLCY-… and KUBE-POD-FW-… are those of kube-router, which k3s has for network policies.
 */

/** The tables of iptables that kube-proxy writes to. */
export const tableNames: ReadonlySet<string> = new Set(["filter", "mangle", "nat"]);

export interface ChainTable {
  readonly chains: readonly string[];
  readonly jumps: readonly Jump[];
}

/** A rule that leads from one chain to another. */
export interface Jump {
  readonly from: string;
  readonly to: string;
  /** By which the rule is deleted: its handle, or its text. */
  readonly rule: string;
}

export interface ChainRemoval {
  /** Rules by which packets come into kube-proxy's chains. */
  readonly jumps: readonly Jump[];
  /** To be emptied, since they lead to one another, and then deleted. */
  readonly chains: readonly string[];
  /** Rules of others that lead to kube-proxy's chains, which stay for their sake. */
  readonly foreignJumps: readonly Jump[];
}

/** What to do with a table; all empty when it has nothing of kube-proxy's. */
export function planRemoval({ chains, jumps }: ChainTable): ChainRemoval {
  const ways = jumps.filter(({ from, to }) => !isKubeProxyChain(from) && isKubeProxyChain(to));
  const foreignJumps = ways.filter(jump => !isOwnWay(jump));
  const needed = reachableFrom(foreignJumps, jumps);
  return {
    jumps: ways.filter(isOwnWay),
    chains: chains.filter(chain => isKubeProxyChain(chain) && !needed.has(chain)),
    foreignJumps,
  };
}

export function isKubeProxyChain(name: string): boolean {
  return fixedNames.has(name) || servicePrefixes.some(prefix => name.startsWith(prefix));
}

/** Marks packets for masquerading, and CNI's portmap and container runtimes can be told to use it too. */
const sharedChain = "KUBE-MARK-MASQ";

const fixedNames: ReadonlySet<string> = new Set([
  sharedChain,
  "KUBE-EXTERNAL-SERVICES",
  "KUBE-FORWARD",
  "KUBE-IPVS-FILTER",
  "KUBE-IPVS-OUT-FILTER",
  "KUBE-LOAD-BALANCER",
  "KUBE-NODE-PORT",
  "KUBE-NODEPORTS",
  "KUBE-POSTROUTING",
  "KUBE-PROXY-CANARY",
  "KUBE-PROXY-FIREWALL",
  "KUBE-SERVICES",
  "KUBE-SOURCE-RANGES-FIREWALL",
]);

/** One chain for each Service or endpoint; the last was that of Kubernetes before 1.24. */
const servicePrefixes = ["KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-", "KUBE-FW-", "KUBE-SEP-", "KUBE-XLB-"];

const builtInChains: ReadonlySet<string> = new Set([
  "PREROUTING",
  "INPUT",
  "FORWARD",
  "OUTPUT",
  "POSTROUTING",
]);

/** kube-proxy itself marks packets only in chains of its own. */
function isOwnWay({ from, to }: Jump): boolean {
  return builtInChains.has(from) && to !== sharedChain;
}

function reachableFrom(ways: readonly Jump[], jumps: readonly Jump[]): ReadonlySet<string> {
  const reached = new Set(ways.map(({ to }) => to));
  // What is added while the set is walked through comes up too.
  for (const chain of reached) {
    for (const { from, to } of jumps) if (from === chain && isKubeProxyChain(to)) reached.add(to);
  }
  return reached;
}
