import type { CandidateEndpoint } from "./candidate-endpoints.ts";
import type { NodeView, ServicePortPlan, UsableEndpoint } from "./service-port-plan.ts";

/** Which lists the ways into a Service port lead to. */
export interface ListsInUse {
  readonly cluster: boolean;
  readonly local: boolean;
}

type ChosenEndpoints = Pick<ServicePortPlan, "clusterEndpoints" | "localEndpoints" | "hasEndpoints">;

/**
 * The endpoints that new connections from this node may be carried to, by traffic policy.
 *
 * Ready endpoints are used; where a list would have none, those that still serve while they terminate (KEP-1669),
 * for each list on its own. Topology narrows the cluster list only, and only ready endpoints.
 */
export function chooseEndpoints(
  candidates: readonly CandidateEndpoint[],
  uses: ListsInUse,
  node: NodeView,
): ChosenEndpoints {
  const ready = candidates.filter(({ record }) => record.isReady);
  const draining = candidates.filter(({ record }) => record.isServing && record.isTerminating);
  return {
    clusterEndpoints: uses.cluster ? listOf(nearby(ready, node), draining) : none,
    localEndpoints: uses.local ? listOf(ready.filter(isLocal), draining.filter(isLocal)) : none,
    hasEndpoints: ready.length > 0 || draining.length > 0,
  };
}

const none: readonly UsableEndpoint[] = [];

function listOf(ready: readonly CandidateEndpoint[], draining: readonly CandidateEndpoint[]) {
  return (ready.length > 0 ? ready : draining).map(({ usable }) => usable);
}

function isLocal({ usable }: CandidateEndpoint): boolean {
  return usable.isLocal;
}

/**
 * Endpoints hinted for this node, else those hinted for its zone (KEP-3015, KEP-2433). A kind of hint counts only if
 * every endpoint has one and some endpoint's names us: otherwise somebody would be left without endpoints.
 */
function nearby(ready: readonly CandidateEndpoint[], node: NodeView): readonly CandidateEndpoint[] {
  const sameNode = hintedFor(ready, node.name, "nodes");
  if (sameNode.length > 0) return sameNode;
  const sameZone = hintedFor(ready, node.zone ?? "", "zones");
  return sameZone.length > 0 ? sameZone : ready;
}

function hintedFor(
  ready: readonly CandidateEndpoint[],
  place: string,
  kind: "nodes" | "zones",
): readonly CandidateEndpoint[] {
  const areAllHinted = ready.every(({ record }) => (record.hints?.[kind] ?? []).length > 0);
  return areAllHinted ? ready.filter(({ record }) => record.hints?.[kind].includes(place)) : [];
}
