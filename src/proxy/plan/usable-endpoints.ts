import type { Endpoint, EndpointSlice, IPFamily, ServicePort } from "../../cluster/objects.ts";
import { canonicalAddress } from "./canonical-address.ts";

/** Where a connection may be carried to. */
export interface UsableEndpoint {
  readonly address: string;
  /** From the slice: a Service's `targetPort` is never read here. */
  readonly port: number;
  /** Undefined for an endpoint that was written by hand. */
  readonly podName: string | undefined;
}

interface Candidate extends UsableEndpoint {
  readonly key: string;
  readonly isReady: boolean;
  readonly isDraining: boolean;
  /** Smaller is preferred among records of one address and port. */
  readonly rank: number;
}

/**
 * The endpoints new connections to a Service port may go to, sorted by `address:port`, each once.
 *
 * Slice ports match by name and protocol. Ready endpoints are used; where there is none at all, those that still
 * serve while they terminate (KEP-1669). Two slices that hold the same address and port (a Pod moving between
 * slices) count once: a record that is not terminating beats one that is, whatever the order of the slices.
 */
export function usableEndpoints(
  slices: Iterable<EndpointSlice>,
  port: Pick<ServicePort, "name" | "protocol">,
  family: IPFamily,
): readonly UsableEndpoint[] {
  const candidates = [...slices]
    .filter(slice => slice.addressType === family)
    .flatMap(slice => candidatesIn(slice, port, family))
    .sort(byKeyThenRank);
  const distinct = candidates.filter((candidate, i) => candidate.key !== candidates[i - 1]?.key);
  const ready = distinct.filter(candidate => candidate.isReady);
  const usable = ready.length > 0 ? ready : distinct.filter(candidate => candidate.isDraining);
  return usable.map(({ address, port, podName }) => ({ address, port, podName }));
}

/** `address:port`, the identity of an endpoint. */
export function endpointKey(endpoint: Pick<UsableEndpoint, "address" | "port">): string {
  return `${endpoint.address}:${endpoint.port}`;
}

function candidatesIn(
  slice: EndpointSlice,
  port: Pick<ServicePort, "name" | "protocol">,
  family: IPFamily,
): Candidate[] {
  return slice.ports
    .filter(slicePort => slicePort.name === port.name && slicePort.protocol === port.protocol)
    .flatMap(slicePort => slice.endpoints.map(endpoint => candidateOf(endpoint, slicePort.port, family)))
    .filter(candidate => candidate !== undefined);
}

// The API keeps further addresses for a future nobody has needed yet: all of kube-proxy and CoreDNS read the first.
function candidateOf(endpoint: Endpoint, port: number | undefined, family: IPFamily): Candidate | undefined {
  const address = canonicalAddress(endpoint.addresses[0] ?? "", family);
  if (address === undefined || port === undefined || port === 0) return undefined;
  return {
    address,
    port,
    podName: endpoint.targetRef?.kind === "Pod" ? endpoint.targetRef.name : undefined,
    key: endpointKey({ address, port }),
    isReady: endpoint.isReady,
    isDraining: endpoint.isServing && endpoint.isTerminating,
    rank: (endpoint.isTerminating ? 4 : 0) + (endpoint.isReady ? 0 : 2) + (endpoint.isServing ? 0 : 1),
  };
}

// Names decide last, so that equal records cannot make the result depend on the order of the slices.
function byKeyThenRank(a: Candidate, b: Candidate): number {
  return compare(a.key, b.key) || a.rank - b.rank || compare(a.podName ?? "", b.podName ?? "");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
