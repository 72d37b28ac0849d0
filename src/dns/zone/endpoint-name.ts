import type { Endpoint } from "../../cluster/objects.ts";

/**
 * The label that names an endpoint under its Service: its hostname, else (where asked for) its target's name, else
 * its address with dashes. Specification 1.1.0 §2.4.1 leaves the last to the system; the form is CoreDNS's.
 */
export function endpointName(endpoint: Endpoint, address: string, preferTargetName: boolean): string {
  if (endpoint.hostname !== "") return endpoint.hostname;
  const target = endpoint.targetRef?.name ?? "";
  // A label has at most 63 octets (RFC 1035 §2.3.4); Pod names may have 253.
  if (preferTargetName && target !== "" && target.length < 64) return target;
  const dashed = address.replaceAll(/[.:]/g, "-");
  // A label must not end in a dash (RFC 1123 §2.1), as `2001:db8::` would.
  return dashed.endsWith("-") ? `${dashed}0` : dashed;
}
