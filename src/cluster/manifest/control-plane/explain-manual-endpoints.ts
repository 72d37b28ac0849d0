/** Services without a selector, whose endpoints somebody has to write: where those are missing or are no match. */

import type { EndpointSlice, Service } from "../../objects.ts";
import { type DesiredOf, identify } from "../desired.ts";
import { type Finding, finding } from "../finding.ts";

/** `slices` are those of the Service, mirrored ones too. */
export function explainManualEndpoints(
  object: DesiredOf<"Service">,
  service: Service,
  slices: readonly EndpointSlice[],
): Finding[] {
  const filled = slices.filter(slice => slice.endpoints.length > 0);
  if (filled.length > 0) return service.isHeadless ? [] : unmatchedPorts(object, service, filled);
  const reason =
    slices.length > 0 ? "those written for it hold no addresses" : "it has no selector, and nobody wrote any";
  const remedy = `give it a selector, or write Endpoints named ${object.name} or an EndpointSlice with the label kubernetes.io/service-name: ${object.name}`;
  return [noEndpoints(object, ["spec"], `has no endpoints, because ${reason}`, remedy)];
}

/** Ports of Services and of endpoints belong together by name and protocol, whatever their numbers. */
function unmatchedPorts(
  object: DesiredOf<"Service">,
  service: Service,
  slices: readonly EndpointSlice[],
): Finding[] {
  const offered = new Set(slices.flatMap(({ ports }) => ports.map(describe)));
  return service.ports.flatMap((port, index) => {
    if (offered.has(describe(port))) return [];
    const others = offered.size === 0 ? "name no ports" : `have ${[...offered].join(", ")}`;
    const problem = `port ${describe(port)} has no endpoints, because those written for it ${others}`;
    const remedy = "give the port the same name and protocol in the Service and in its endpoints";
    return [noEndpoints(object, ["spec", "ports", index], problem, remedy)];
  });
}

function describe({ name, protocol }: { readonly name: string; readonly protocol: string }): string {
  return `${name === "" ? "unnamed" : name}/${protocol}`;
}

function noEndpoints(
  object: DesiredOf<"Service">,
  path: readonly (string | number)[],
  problem: string,
  remedy: string,
): Finding {
  const message = `${identify(object)}: ${problem}`;
  return finding("MANIFEST_NO_ENDPOINTS", object.locate(path), message, remedy);
}
