/** EndpointSlices of hand-written Endpoints, as the endpointslicemirroring controller makes them. */

import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  familyOf,
  type IPFamily,
} from "../../objects.ts";
import type { DesiredOf } from "../desired.ts";
import { type PortedEndpoint, sliceEndpoints } from "./slice-endpoints.ts";

type Subset = NonNullable<DesiredOf<"Endpoints">["manifest"]["subsets"]>[number];
type SubsetAddress = NonNullable<Subset["addresses"]>[number];

/** One slice per family and set of ports. Names that are made up are added to `takenNames`. */
export function mirrorEndpoints(endpoints: DesiredOf<"Endpoints">, takenNames: Set<string>): EndpointSlice[] {
  const families: readonly IPFamily[] = ["IPv4", "IPv6"];
  return families.flatMap(family => {
    const mirrored = (endpoints.manifest.subsets ?? []).flatMap(subset => endpointsOf(subset, family));
    return sliceEndpoints(endpoints, family, mirrored, takenNames);
  });
}

function endpointsOf(subset: Subset, family: IPFamily): PortedEndpoint[] {
  const ports: EndpointPort[] = (subset.ports ?? []).map(port => ({
    name: port.name ?? "",
    protocol: port.protocol ?? "TCP",
    port: port.port,
  }));
  const ready = (subset.addresses ?? []).map(address => mirror(address, true));
  const notReady = (subset.notReadyAddresses ?? []).map(address => mirror(address, false));
  return [...ready, ...notReady]
    .filter(endpoint => endpoint.addresses.some(address => familyOf(address) === family))
    .map(endpoint => ({ endpoint, ports }));
}

function mirror({ ip, hostname, nodeName, targetRef }: SubsetAddress, isReady: boolean): Endpoint {
  return {
    addresses: [ip],
    isReady,
    isServing: isReady,
    isTerminating: false,
    hostname: hostname ?? "",
    nodeName: nodeName ?? "",
    zone: "",
    hints: undefined,
    targetRef: targetRef && {
      kind: targetRef.kind ?? "",
      namespace: targetRef.namespace ?? "",
      name: targetRef.name ?? "",
    },
  };
}
