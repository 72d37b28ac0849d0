/**
 * Answers under `<address with dashes>.<namespace>.pod.<zone>`. Not in the specification: kept, as CoreDNS keeps
 * it, for clients of kube-dns.
 */

import type { IPFamily } from "../../cluster/objects.ts";
import { familyOf } from "../../cluster/objects.ts";
import { typeCodes } from "../wire/record.ts";
import { because } from "./reason.ts";
import type { Outcome, ZoneQuery } from "./zone-query.ts";
import { isExposed, noData, noName, recordOf, records } from "./zone-query.ts";

export function answerPod(query: ZoneQuery, namespace: string, label: string): Outcome {
  if (query.options.pods === "disabled") {
    return noName(because("pods-disabled", "names of Pods are switched off"));
  }
  if (!isExposed(query, namespace)) {
    return noName(because("no-such-namespace", `there is no namespace ${namespace}`));
  }
  const address = addressOf(label);
  const family = familyOf(address);
  if (family === undefined) {
    return noName(because("no-pod-address", `${label} is not an address written with dashes`));
  }
  if (query.options.pods === "verified" && !hasPod(query, namespace, address)) {
    return noName(because("no-such-pod", `namespace ${namespace} has no Pod with the address ${address}`));
  }
  return answerAddress(query, address, family);
}

/** Exactly three single dashes make an IPv4 address, everything else can only be IPv6. */
function addressOf(label: string): string {
  const isIPv4 = label.split("-").length === 4 && !label.includes("--");
  return label.replaceAll("-", isIPv4 ? "." : ":");
}

function hasPod(query: ZoneQuery, namespace: string, address: string): boolean {
  for (const pod of query.cluster.podsAt(address)) {
    if (pod.namespace === namespace && pod.phase !== "Succeeded" && pod.phase !== "Failed") return true;
  }
  return false;
}

function answerAddress(query: ZoneQuery, address: string, family: IPFamily): Outcome {
  const type = family === "IPv4" ? "A" : "AAAA";
  if (query.type === typeCodes[type]) return records([recordOf(query, query.name, { type, address })]);
  if (query.type === typeCodes.A || query.type === typeCodes.AAAA) {
    return noData(because("no-such-family", `the Pod name holds an ${family} address`));
  }
  return noData(because("no-such-type", "the name exists, with an address only"));
}
