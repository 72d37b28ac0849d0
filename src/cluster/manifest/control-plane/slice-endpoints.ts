/** Endpoints with the same ports go into one EndpointSlice, as in Kubernetes's slice controllers. */

import type { Endpoint, EndpointPort, EndpointSlice, IPFamily } from "../../objects.ts";
import { generateName } from "./generated-name.ts";

/** One endpoint and the ports it answers on. */
export interface PortedEndpoint {
  readonly endpoint: Endpoint;
  readonly ports: readonly EndpointPort[];
}

/** What a slice says of the Service it belongs to. */
export interface SliceOwner {
  readonly namespace: string;
  readonly name: string;
}

/** One slice for each set of ports. Names that are made up are added to `takenNames`. */
export function sliceEndpoints(
  service: SliceOwner,
  addressType: IPFamily,
  endpoints: readonly PortedEndpoint[],
  takenNames: Set<string>,
): EndpointSlice[] {
  const groups = Map.groupBy(endpoints, ({ ports }) => JSON.stringify(ports));
  return [...groups.values()].map(group => {
    const members = group.map(({ endpoint }) => endpoint);
    return createSlice(service, addressType, members, group[0]?.ports ?? [], takenNames);
  });
}

/** The name depends on the Service's name, the family and the ports, so it stays when endpoints come and go. */
export function createSlice(
  { namespace, name }: SliceOwner,
  addressType: IPFamily,
  endpoints: readonly Endpoint[],
  ports: readonly EndpointPort[],
  takenNames: Set<string>,
): EndpointSlice {
  const identity = `${namespace}/${name}/${addressType}/${JSON.stringify(ports)}`;
  return {
    kind: "EndpointSlice",
    namespace,
    name: generateName(`${name}-`, identity, takenNames),
    resourceVersion: "",
    serviceName: name,
    isHeadless: false,
    addressType,
    endpoints,
    ports,
    changeTriggeredAtMs: undefined,
  };
}
