/** A Service as its manifest has it, before anything is allocated. */

import { familyOf, type IPFamily, type Service } from "../../objects.ts";
import { trim } from "../../trim.ts";
import type { DesiredOf } from "../desired.ts";

export interface ServiceDraft {
  readonly desired: DesiredOf<"Service">;
  /** `namespace/name`: who addresses are given to. */
  readonly key: string;
  /** The manifest's own values; `ipFamilies` and `ipFamilyPolicy` already settled. */
  readonly service: Service;
}

export function draftService(desired: DesiredOf<"Service">): ServiceDraft {
  const trimmed = trim("Service", desired.manifest);
  const clusterIPs = trimmed.clusterIPs.filter(address => address !== "");
  const service = { ...trimmed, clusterIPs, ...settleFamilies({ ...trimmed, clusterIPs }, desired) };
  return { desired, key: `${desired.namespace}/${desired.name}`, service };
}

/**
 * The first family is that of the first explicit address, else the first asked for, else IPv4; a dual-stack policy
 * adds the other (KEP-563). Two families asked for without a policy are `RequireDualStack`.
 */
function settleFamilies(service: Service, desired: DesiredOf<"Service">): Partial<Service> {
  if (service.type === "ExternalName") return { ipFamilies: [] };
  const asked = desired.manifest.spec.ipFamilies ?? [];
  const given = service.clusterIPs.map(familyOf).filter(family => family !== undefined);
  const wanted: IPFamily[] = [...new Set<IPFamily>([...given, ...asked])];
  const [first = "IPv4"] = wanted;
  const ipFamilyPolicy =
    desired.manifest.spec.ipFamilyPolicy ?? (wanted.length > 1 ? "RequireDualStack" : "SingleStack");
  const other = first === "IPv4" ? "IPv6" : "IPv4";
  return { ipFamilyPolicy, ipFamilies: ipFamilyPolicy === "SingleStack" ? [first] : [first, other] };
}
