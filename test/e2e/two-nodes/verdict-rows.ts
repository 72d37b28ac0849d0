/**
 * Who gets where: what kube-proxy promises, from its documentation and the cases of its packet flow tests. One line
 * per question:
 *
 *     Service | client | way in | what comes of it
 *
 * An answer is `<endpoint> sees <source>`; where several endpoints may answer, each stands with the source it has to
 * see. `gateway1` is node1 as its own Pods see it, `node1` as all others do.
 */

import type { RawObject } from "../../support/cluster-fixtures.ts";
import type { NodeName, PodName } from "./addresses.ts";
import { addressesOf, families } from "./addresses.ts";
import type { ServiceExtras } from "./cluster-objects.ts";
import { service, slices } from "./cluster-objects.ts";

const externalLocal = { externalTrafficPolicy: "Local" } as const;
const internalLocal = { internalTrafficPolicy: "Local" } as const;

/** `from` lists who may come to the addresses of load balancers. */
function fencedFor(from: (own: (typeof addressesOf)["IPv4"]) => string): ServiceExtras {
  const ranges = families.map(family => `${from(addressesOf[family])}/${addressesOf[family].podBits}`);
  return { spec: { loadBalancerSourceRanges: ranges } };
}

const isFenced = fencedFor(({ outside }) => outside[0]);

interface RowService {
  readonly endpoints: readonly (PodName | NodeName)[];
  readonly extras?: ServiceExtras;
}

const services: Readonly<Record<string, RowService>> = {
  web: { endpoints: ["pod-1b", "pod-2b"] },
  // A Service's only endpoint is on node1 when not said otherwise.
  external: { endpoints: ["pod-1b"], extras: { spec: externalLocal } },
  internal: { endpoints: ["pod-1b"], extras: { spec: internalLocal } },
  local: { endpoints: ["pod-2b"], extras: { spec: { ...externalLocal, ...internalLocal } } },
  spread: { endpoints: ["pod-1b", "pod-2b"], extras: { spec: { ...externalLocal, ...internalLocal } } },
  single: { endpoints: ["pod-1b"] },
  nobody: { endpoints: [] },
  nobodyLocal: { endpoints: [], extras: { spec: { ...externalLocal, ...internalLocal } } },
  fenced: { endpoints: ["pod-1b", "pod-2b"], extras: isFenced },
  fencedNobody: { endpoints: [], extras: isFenced },
  fencedNode: { endpoints: ["pod-1b", "pod-2b"], extras: fencedFor(({ nodes }) => nodes.node1) },
  host: { endpoints: ["node2"] },
  hostLocal: { endpoints: ["node2"], extras: { spec: externalLocal } },
  proxied: { endpoints: ["pod-1b", "pod-2b"], extras: { ipMode: "Proxy" } },
};

export function numberOf(serviceName: string): number {
  return Object.keys(services).indexOf(serviceName) + 1;
}

export const rowObjects: readonly RawObject[] = Object.entries(services).flatMap(
  ([name, { endpoints, extras }]) => {
    const objectName = name.toLowerCase();
    return [service(objectName, numberOf(name), extras), ...slices(objectName, endpoints)];
  },
);

/** Source addresses of the endpoints' own choice: the client's, or the node's that masquerades. */
const byNode1 = "pod-1b sees gateway1, pod-2b sees node1";
const byNode2 = "pod-1b sees node2, pod-2b sees gateway2";

const text = `
# Cluster IP: Pods keep their address, all others are masqueraded where they come in
web | pod-1a  | cluster-ip | pod-1b sees pod-1a, pod-2b sees pod-1a
web | pod-2a  | cluster-ip | pod-1b sees pod-2a, pod-2b sees pod-2a
web | node1   | cluster-ip | ${byNode1}
web | node2   | cluster-ip | ${byNode2}
web | outside | cluster-ip | ${byNode1}
# a Pod that meets itself has to see somebody else
web    | pod-1b | cluster-ip | pod-1b sees gateway1, pod-2b sees pod-1b
single | pod-1b | cluster-ip | pod-1b sees gateway1

# External ways in, policy Cluster: always masqueraded
web | pod-1a  | node-port@node1   | ${byNode1}
web | pod-1a  | external-ip@node1 | ${byNode1}
web | pod-1a  | vip@node1         | ${byNode1}
web | pod-1a  | node-port@node2   | ${byNode2}
web | pod-1b  | node-port@node1   | ${byNode1}
web | pod-1b  | vip@node1         | ${byNode1}
web | pod-2a  | node-port@node1   | ${byNode1}
web | pod-2a  | vip@node1         | ${byNode2}
web | node1   | node-port@node1   | ${byNode1}
web | node1   | node-port@node2   | ${byNode2}
web | node1   | external-ip@node1 | ${byNode1}
web | node1   | vip@node1         | ${byNode1}
web | node2   | vip@node1         | ${byNode2}
web | outside | node-port@node1   | ${byNode1}
web | outside | node-port@node2   | ${byNode2}
web | outside | external-ip@node1 | ${byNode1}
web | outside | external-ip@node2 | ${byNode2}
web | outside | vip@node1         | ${byNode1}
web | outside | vip@node2         | ${byNode2}

# External policy Local: clients keep their address, where there is an endpoint; the cluster's own go anywhere
external | outside | node-port@node1   | pod-1b sees outside
external | outside | external-ip@node1 | pod-1b sees outside
external | outside | vip@node1         | pod-1b sees outside
external | outside | node-port@node2   | silence
external | outside | external-ip@node2 | silence
external | outside | vip@node2         | silence
external | pod-1a  | node-port@node1   | pod-1b sees pod-1a
external | pod-1a  | vip@node1         | pod-1b sees pod-1a
external | pod-1b  | node-port@node1   | pod-1b sees gateway1
external | pod-1b  | vip@node1         | pod-1b sees gateway1
external | pod-2a  | node-port@node2   | pod-1b sees pod-2a
external | pod-2a  | node-port@node1   | pod-1b sees pod-2a
external | pod-2a  | external-ip@node1 | pod-1b sees pod-2a
external | pod-2a  | vip@node1         | pod-1b sees pod-2a
external | node1   | node-port@node1   | pod-1b sees gateway1
external | node1   | vip@node1         | pod-1b sees gateway1
external | node1   | node-port@node2   | silence
external | node2   | node-port@node2   | pod-1b sees node2
external | node2   | node-port@node1   | pod-1b sees node2
external | node2   | external-ip@node1 | pod-1b sees node2
external | node2   | vip@node1         | pod-1b sees node2
# and it says nothing of cluster IPs
external | pod-2a  | cluster-ip        | pod-1b sees pod-2a
external | node2   | cluster-ip        | pod-1b sees node2

# Internal policy Local: says nothing of external ways in
internal | pod-1a  | cluster-ip        | pod-1b sees pod-1a
internal | pod-1b  | cluster-ip        | pod-1b sees gateway1
internal | node1   | cluster-ip        | pod-1b sees gateway1
internal | outside | cluster-ip        | pod-1b sees gateway1
internal | pod-2a  | cluster-ip        | silence
internal | node2   | cluster-ip        | silence
internal | pod-2a  | node-port@node2   | pod-1b sees node2
internal | node2   | vip@node2         | pod-1b sees node2
internal | outside | node-port@node2   | pod-1b sees node2
internal | outside | external-ip@node2 | pod-1b sees node2

# Both policies Local
local  | pod-1a  | cluster-ip      | silence
local  | pod-2a  | cluster-ip      | pod-2b sees pod-2a
local  | outside | cluster-ip      | silence
local  | outside | node-port@node1 | silence
local  | outside | vip@node1       | silence
local  | outside | node-port@node2 | pod-2b sees outside
local  | outside | vip@node2       | pod-2b sees outside
local  | node1   | vip@node1       | pod-2b sees node1
local  | pod-1a  | vip@node1       | pod-2b sees pod-1a
spread | outside | node-port@node1 | pod-1b sees outside
spread | outside | node-port@node2 | pod-2b sees outside
spread | pod-1a  | cluster-ip      | pod-1b sees pod-1a
spread | node2   | cluster-ip      | pod-2b sees gateway2
spread | pod-1a  | vip@node1       | pod-1b sees pod-1a, pod-2b sees pod-1a

# Nobody there: said at once, to everybody and whatever the policies
nobody      | pod-1a  | cluster-ip        | refused
nobody      | node1   | cluster-ip        | refused
nobody      | outside | cluster-ip        | refused
nobody      | pod-1a  | node-port@node1   | refused
nobody      | pod-1a  | node-port@node2   | refused
nobody      | node1   | node-port@node1   | refused
nobody      | node1   | node-port@node2   | refused
nobody      | node1   | vip@node1         | refused
nobody      | outside | node-port@node2   | refused
nobody      | outside | external-ip@node1 | refused
nobody      | outside | vip@node2         | refused
nobodyLocal | pod-2a  | cluster-ip        | refused
nobodyLocal | node2   | cluster-ip        | refused
nobodyLocal | node2   | node-port@node2   | refused
nobodyLocal | outside | node-port@node1   | refused
nobodyLocal | outside | external-ip@node2 | refused
nobodyLocal | outside | vip@node1         | refused

# Source ranges hold for addresses of load balancers only, and before anything else
fenced       | outside  | vip@node1         | ${byNode1}
fenced       | outside2 | vip@node1         | silence
fenced       | outside2 | vip@node2         | silence
fenced       | outside2 | node-port@node1   | ${byNode1}
fenced       | outside2 | external-ip@node1 | ${byNode1}
fenced       | outside2 | cluster-ip        | ${byNode1}
fenced       | pod-1a   | vip@node1         | silence
fenced       | node1    | vip@node1         | silence
fenced       | pod-1a   | cluster-ip        | pod-1b sees pod-1a, pod-2b sees pod-1a
fencedNobody | outside  | vip@node1         | refused
fencedNobody | outside2 | vip@node1         | silence
fencedNobody | outside2 | node-port@node1   | refused
fencedNode   | node1    | vip@node1         | ${byNode1}
fencedNode   | node2    | vip@node1         | silence

# An endpoint in its node's own network
host      | pod-1a  | cluster-ip      | node2 sees pod-1a
host      | pod-2a  | cluster-ip      | node2 sees pod-2a
host      | node1   | cluster-ip      | node2 sees node1
host      | node2   | cluster-ip      | node2 sees node2
host      | outside | node-port@node1 | node2 sees node1
host      | outside | vip@node1       | node2 sees node1
host      | pod-1a  | node-port@node1 | node2 sees node1
hostLocal | outside | node-port@node1 | silence
hostLocal | outside | node-port@node2 | node2 sees outside
hostLocal | pod-1a  | vip@node1       | node2 sees pod-1a

# A load balancer that is a proxy gets its own traffic
proxied | pod-1a  | vip@node1       | silence
proxied | outside | vip@node1       | silence
proxied | outside | node-port@node1 | ${byNode1}
`;

export interface Row {
  readonly service: string;
  readonly client: string;
  readonly way: string;
  readonly expected: string;
}

export const rows: readonly Row[] = text
  .split("\n")
  .filter(line => line.includes("|"))
  .map(line => {
    const [service = "", client = "", way = "", expected = ""] = line.split("|").map(word => word.trim());
    return { service, client, way, expected };
  });
