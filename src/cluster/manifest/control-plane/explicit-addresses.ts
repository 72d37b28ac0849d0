import type { Desired } from "../desired.ts";

/** Every address that a manifest writes down, wherever: none of them may be invented for anything else. */
export function explicitAddresses(desired: readonly Desired[]): ReadonlySet<string> {
  return new Set(desired.flatMap(addressesIn).filter(address => address !== undefined));
}

function addressesIn(object: Desired): readonly (string | undefined)[] {
  switch (object.kind) {
    case "Service": {
      const { spec, status } = object.manifest;
      const ingress = status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? [];
      const several = [...(spec.clusterIPs ?? []), ...(spec.externalIPs ?? []), ...ingress];
      return [spec.clusterIP, spec.loadBalancerIP, ...several];
    }
    case "Pod": {
      const { podIP, podIPs } = object.manifest.status ?? {};
      return [podIP, ...(podIPs ?? []).map(({ ip }) => ip)];
    }
    case "Node":
      return (object.manifest.status?.addresses ?? []).map(({ address }) => address);
    case "EndpointSlice":
      return (object.manifest.endpoints ?? []).flatMap(({ addresses }) => addresses);
    case "Endpoints":
      return (object.manifest.subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [] }) =>
        [...addresses, ...notReadyAddresses].map(({ ip }) => ip),
      );
    default:
      return [];
  }
}
