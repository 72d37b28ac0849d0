/** Node ports: those written down first, then invented ones for all other ports that are to have one. */

import type { Protocol, ServicePort } from "../../objects.ts";
import { identify } from "../desired.ts";
import { type Finding, finding, formatPlace, type Place } from "../finding.ts";
import { allocate, type Leases } from "./address-pool.ts";
import type { ServiceDraft } from "./service-draft.ts";

export interface NodePorts {
  readonly leases: Leases;
  readonly findings: readonly Finding[];
  /** The draft's ports with their node ports; 0 where none is allocated. */
  portsOf(draft: ServiceDraft): readonly ServicePort[];
}

/** One port of one Service that is to have a node port. */
interface Claim {
  readonly owner: string;
  readonly port: ServicePort;
  readonly draft: ServiceDraft;
  /** Found only when it is told, which most are not. */
  place(): Place;
}

const protocols: readonly Protocol[] = ["TCP", "UDP", "SCTP"];

/** Node ports of different protocols do not clash. */
export function allocateNodePorts(drafts: readonly ServiceDraft[], before: Leases): NodePorts {
  const claims = drafts.flatMap(claimsOf);
  const { explicit, findings } = honourExplicit(claims);
  const open = claims.filter(claim => !explicit.has(claim.owner) && mayInvent(claim));
  const leases: Leases = Object.fromEntries(
    protocols.map(protocol => {
      const owners = open.filter(claim => claim.port.protocol === protocol).map(claim => claim.owner);
      const taken = claims.filter(claim => claim.port.protocol === protocol && explicit.has(claim.owner));
      const reserved = new Set(taken.map(claim => String(claim.port.nodePort)));
      return [`nodePort${protocol}`, allocate(`nodePort${protocol}`, owners, reserved, before)];
    }),
  );
  const invented = (claim: Claim) => leases[`nodePort${claim.port.protocol}`]?.get(claim.owner);
  const without = open.filter(claim => invented(claim) === undefined);
  return {
    leases,
    findings: [...findings, ...without.map(exhausted)],
    portsOf: draft =>
      draft.service.ports.map(port => {
        const owner = ownerOf(draft, port);
        const lease = leases[`nodePort${port.protocol}`]?.get(owner);
        return { ...port, nodePort: explicit.has(owner) ? port.nodePort : Number(lease ?? 0) };
      }),
  };
}

function claimsOf(draft: ServiceDraft): Claim[] {
  const { type } = draft.service;
  if (type !== "NodePort" && type !== "LoadBalancer") return [];
  return draft.service.ports.map((port, index) => ({
    owner: ownerOf(draft, port),
    port,
    draft,
    place: () => draft.desired.locate(["spec", "ports", index, "nodePort"]),
  }));
}

function ownerOf(draft: ServiceDraft, port: ServicePort): string {
  return `${draft.key}/${port.name}/${port.protocol}`;
}

function mayInvent({ draft }: Claim): boolean {
  const { allocateLoadBalancerNodePorts } = draft.desired.manifest.spec;
  return draft.service.type === "NodePort" || allocateLoadBalancerNodePorts !== false;
}

/** The owners that have the node port they ask for: the first in file order, where several ask for one. */
function honourExplicit(claims: readonly Claim[]) {
  const explicit = new Set<string>();
  const holders = new Map<string, Claim>();
  const findings: Finding[] = [];
  for (const claim of claims) {
    if (claim.port.nodePort === 0) continue;
    const wanted = `${claim.port.nodePort}/${claim.port.protocol}`;
    const holder = holders.get(wanted);
    if (holder !== undefined) {
      findings.push(clash(wanted, claim, holder));
      continue;
    }
    holders.set(wanted, claim);
    explicit.add(claim.owner);
  }
  return { explicit, findings };
}

function clash(wanted: string, { draft, place }: Claim, holder: Claim): Finding {
  const first = `${identify(holder.draft.desired)} at ${formatPlace(holder.place())}`;
  return finding(
    "MANIFEST_DUPLICATE_NODE_PORT",
    place(),
    `${identify(draft.desired)}: node port ${wanted} belongs to ${first}; this one gets another`,
    "give each port a node port of its own, or leave nodePort out",
  );
}

function exhausted({ draft, place }: Claim): Finding {
  return finding(
    "MANIFEST_POOL_EXHAUSTED",
    place(),
    `${identify(draft.desired)}: all node ports from 30000 to 32767 are taken; this port gets none`,
    "use fewer Services of type NodePort and LoadBalancer, or set allocateLoadBalancerNodePorts: false",
  );
}
