import type { UsableEndpoint } from "../plan/service-port-plan.ts";

/**
 * The endpoints of `wanted` in an order in which those that were in `previous` stay where they were, if the list is
 * long enough: then one endpoint's coming or going changes one or two elements and not all behind it.
 */
export function keepPositions(
  previous: readonly UsableEndpoint[],
  wanted: readonly UsableEndpoint[],
): readonly UsableEndpoint[] {
  if (previous.length === 0) return wanted;
  const waiting = new Map(wanted.map(endpoint => [endpointName(endpoint), endpoint]));
  const kept = previous.slice(0, waiting.size).map(old => {
    const name = endpointName(old);
    const endpoint = waiting.get(name);
    waiting.delete(name);
    return endpoint;
  });
  const others = [...waiting.values()];
  const filled = kept.map(endpoint => endpoint ?? others.shift());
  return [...filled, ...others].filter(endpoint => endpoint !== undefined);
}

/** In nft's spelling, unique in a list. */
export function endpointName({ address, port }: UsableEndpoint): string {
  return `${address} . ${port}`;
}
