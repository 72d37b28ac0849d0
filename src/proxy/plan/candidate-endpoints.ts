/** What EndpointSlices say of one Service port, before anything is decided about it. */

import type { Endpoint, EndpointSlice, IPFamily, ServicePort } from "../../cluster/objects.ts";
import { canonicalAddress } from "./canonical-address.ts";
import type { UsableEndpoint } from "./service-port-plan.ts";

/** One address and port, ready or not. */
export interface CandidateEndpoint {
  readonly key: string;
  readonly usable: UsableEndpoint;
  /** Conditions and hints. */
  readonly record: Endpoint;
}

/**
 * The endpoints of a Service port, sorted by `address:port` as text, each once.
 *
 * Slice ports match by name and protocol, and the numbers are theirs. Two slices that hold the same address and port
 * (a Pod moving between slices, an address that changed hands) count once: a record that is not terminating beats
 * one that is, whatever the order of the slices. Slices of headless Services are for DNS alone.
 */
export function candidateEndpoints(
  slices: Iterable<EndpointSlice>,
  port: Pick<ServicePort, "name" | "protocol">,
  family: IPFamily,
  nodeName: string,
): readonly CandidateEndpoint[] {
  const candidates: CandidateEndpoint[] = [];
  for (const slice of slices) {
    if (slice.addressType === family && !slice.isHeadless) addCandidates(slice, port, nodeName, candidates);
  }
  candidates.sort(byKeyThenPreference);
  return candidates.filter((candidate, index) => candidate.key !== candidates[index - 1]?.key);
}

/** `address:port`, the identity of an endpoint. */
export function endpointKey(endpoint: Pick<UsableEndpoint, "address" | "port">): string {
  return `${endpoint.address}:${endpoint.port}`;
}

function addCandidates(
  slice: EndpointSlice,
  wanted: Pick<ServicePort, "name" | "protocol">,
  nodeName: string,
  into: CandidateEndpoint[],
): void {
  for (const { name, protocol, port } of slice.ports) {
    if (name !== wanted.name || protocol !== wanted.protocol || port === undefined || port === 0) continue;
    for (const record of slice.endpoints) {
      // The API keeps further addresses for a future nobody has needed yet: all of kube-proxy and CoreDNS read the first.
      const address = canonicalAddress(record.addresses[0] ?? "", slice.addressType as IPFamily);
      if (address !== undefined) into.push(candidateOf(record, address, port, nodeName));
    }
  }
}

function candidateOf(record: Endpoint, address: string, port: number, nodeName: string): CandidateEndpoint {
  const { targetRef } = record;
  const podName = targetRef?.kind === "Pod" ? targetRef.name : undefined;
  const isLocal = record.nodeName !== "" && record.nodeName === nodeName;
  return { key: endpointKey({ address, port }), usable: { address, port, podName, isLocal }, record };
}

/** Names decide last, so that equal conditions cannot make the result depend on the order of the slices. */
function byKeyThenPreference(a: CandidateEndpoint, b: CandidateEndpoint): number {
  const difference = compare(a.key, b.key) || rankOf(a.record) - rankOf(b.record);
  return difference || compare(namesOf(a.record), namesOf(b.record));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function rankOf({ isReady, isServing, isTerminating }: Endpoint): number {
  return (isTerminating ? 4 : 0) + (isReady ? 0 : 2) + (isServing ? 0 : 1);
}

function namesOf({ targetRef, nodeName, hints }: Endpoint): string {
  return JSON.stringify([targetRef?.name, targetRef?.kind, nodeName, hints?.nodes, hints?.zones]);
}
