/** Names inside record data: those that an answer can lead to. */

import type { Name } from "../../wire/name.ts";
import { type RecordData, typeCodes } from "../../wire/record.ts";

/** The same data with its name replaced by what `change` makes of it; data without a name as it is. */
export function changeDataName(data: RecordData, change: (name: Name) => Name): RecordData {
  switch (data.type) {
    case "CNAME":
    case "NS":
    case "PTR":
    case "SRV":
      return { ...data, target: change(data.target) };
    case "MX":
      return { ...data, exchange: change(data.exchange) };
    case "SOA":
      return { ...data, primary: change(data.primary) };
    case "unknown":
      return changeLastName(data, change);
    default:
      return data;
  }
}

type UnknownData = Extract<RecordData, { type: "unknown" }>;

/** DNAME and NAPTR are kept as octets, and end with a name that is not compressed (RFC 6672 §2.5, RFC 3403 §4.1). */
function changeLastName(data: UnknownData, change: (name: Name) => Name): RecordData {
  const { code, bytes } = data;
  if (code !== typeCodes.DNAME && code !== typeCodes.NAPTR) return data;
  const start = code === typeCodes.DNAME ? 0 : skipStrings(bytes, 4, 3);
  const labels: string[] = [];
  for (let at = start; (bytes[at] ?? 0) > 0; at += 1 + (bytes[at] ?? 0)) {
    labels.push(Buffer.from(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0))).toString("latin1"));
  }
  const name = change(labels).map(label => Buffer.from(String.fromCharCode(label.length) + label, "latin1"));
  return { ...data, bytes: new Uint8Array(Buffer.concat([bytes.subarray(0, start), ...name, Buffer.of(0)])) };
}

function skipStrings(bytes: Uint8Array, from: number, count: number): number {
  let at = from;
  for (let skipped = 0; skipped < count; skipped += 1) at += 1 + (bytes[at] ?? 0);
  return at;
}
