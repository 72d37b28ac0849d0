/** PTR answers: specification 1.1.0 §2.3.3 and §2.4.3. */

import type { Name } from "../wire/name.ts";
import { typeCodes } from "../wire/record.ts";
import { endpointName } from "./endpoint-name.ts";
import { because } from "./reason.ts";
import type { Outcome, ZoneQuery } from "./zone-query.ts";
import { noData, noName, recordOf, records, slicesAt } from "./zone-query.ts";

/** `address` is what the reverse name asked for says; `primaryZone` is where the names pointed to live. */
export function answerReverse(query: ZoneQuery, address: string, primaryZone: Name): Outcome {
  const targets = clusterIPTarget(query, address) ?? endpointTargets(query, address);
  if (targets.length === 0) {
    return noName(because("no-such-address", `${address} is no cluster IP and no ready endpoint's address`));
  }
  if (query.type !== typeCodes.PTR) {
    return noData(because("no-such-type", "the name exists, with PTR records only"));
  }
  return records(
    targets.map(target => recordOf(query, query.name, { type: "PTR", target: [...target, ...primaryZone] })),
  );
}

/** A cluster IP names its Service alone, whatever endpoints may list the same address. */
function clusterIPTarget(query: ZoneQuery, address: string): readonly Name[] | undefined {
  for (const service of query.cluster.servicesAt(address)) {
    if (isAnsweredFor(query, service.namespace)) return [[service.name, service.namespace, "svc"]];
  }
  return undefined;
}

function endpointTargets(query: ZoneQuery, address: string): readonly Name[] {
  const targets = new Map<string, Name>();
  for (const slice of slicesAt(query, address)) {
    if (slice.serviceName === "" || !isAnsweredFor(query, slice.namespace)) continue;
    for (const endpoint of slice.endpoints) {
      if (!endpoint.isReady || !endpoint.addresses.includes(address)) continue;
      const label = endpointName(endpoint, address, query.options.endpointPodNames === true);
      const target = [label, slice.serviceName, slice.namespace, "svc"];
      targets.set(target.join("."), target);
    }
  }
  return [...targets.values()];
}

function isAnsweredFor(query: ZoneQuery, namespace: string): boolean {
  return query.options.namespaces?.has(namespace) ?? true;
}
