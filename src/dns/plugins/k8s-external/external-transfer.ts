/** The zones of `k8s_external` as a whole. */

import { isSubdomain, type Name } from "../../wire/name.ts";
import { classCodes, type ResourceRecord, typeCodes } from "../../wire/record.ts";
import { kindsNeeded } from "../../zone/zone-query.ts";
import type { Transferable } from "../transfer/transferable.ts";
import { externalNames } from "./external-services.ts";
import { answerExternal, type ExternalZoneOptions, externalAuthority } from "./external-zone.ts";

/** What is transferred is what would be answered, name by name. `options` is known once the server has started. */
export function externalTransferable(
  zones: readonly Name[],
  options: () => ExternalZoneOptions,
): Transferable {
  return {
    zones,
    contents(zone) {
      const { cluster, zoneOptions } = options();
      if (!kindsNeeded(zoneOptions).every(kind => cluster.isSynced(kind))) return undefined;
      return { soa: externalAuthority(options(), zone), records: recordsOf(options(), zone) };
    },
  };
}

function* recordsOf(options: ExternalZoneOptions, zone: Name): Generator<ResourceRecord> {
  const answersAt = (name: Name, type: number) =>
    answerExternal(options, { name, type, class: classCodes.IN }) ?? { answers: [], additionals: [] };
  const { answers, additionals } = answersAt(zone, typeCodes.NS);
  yield* answers;
  yield* additionals;
  if (isSubdomain(zone, ["arpa"])) return;
  for (const labels of externalNames(options)) {
    const name = [...labels, ...zone];
    const isPort = labels[0]?.startsWith("_") === true;
    const addresses = isPort
      ? []
      : [typeCodes.A, typeCodes.AAAA].flatMap(type => answersAt(name, type).answers);
    // Both families hold the same CNAME.
    const [alias] = addresses.filter(({ data }) => data.type === "CNAME");
    yield* alias === undefined ? addresses : [alias];
    // RFC 1034 §3.6.2: nothing stands beside a CNAME.
    if (alias === undefined) yield* answersAt(name, typeCodes.SRV).answers;
  }
}
