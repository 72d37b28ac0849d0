/** Records as canonical lines of a zone file: RFC 1035 §5.1, RFC 2782 (SRV), RFC 3597 §5 (unknown types). */

import { formatName } from "../../src/dns/wire/name.ts";
import { classCodes, type RecordData, type ResourceRecord, typeName } from "../../src/dns/wire/record.ts";

/** One line, fields separated by single blanks: `web.shop.svc.cluster.local. 5 IN A 10.0.0.1`. */
export function formatRecord(record: ResourceRecord): string {
  const { data } = record;
  const type = data.type === "unknown" ? typeName(data.code) : data.type;
  return `${formatName(record.name)} ${record.ttlSeconds} ${className(record.class)} ${type} ${formatData(data)}`;
}

function formatData(data: RecordData): string {
  switch (data.type) {
    case "A":
    case "AAAA":
      return data.address;
    case "NS":
    case "CNAME":
    case "PTR":
      return formatName(data.target);
    case "SRV":
      return `${data.priority} ${data.weight} ${data.port} ${formatName(data.target)}`;
    case "MX":
      return `${data.preference} ${formatName(data.exchange)}`;
    case "TXT":
      return data.strings.map(quote).join(" ");
    case "SOA":
      return [
        formatName(data.primary),
        formatName(data.mailbox),
        data.serial,
        data.refreshSeconds,
        data.retrySeconds,
        data.expireSeconds,
        data.minimumSeconds,
      ].join(" ");
    case "unknown":
      return `\\# ${data.bytes.length} ${Buffer.from(data.bytes).toString("hex").toUpperCase()}`.trimEnd();
  }
}

function quote(text: string): string {
  const escaped = text.replace(/[^ -~]|["\\]/g, character =>
    character === '"' || character === "\\"
      ? `\\${character}`
      : `\\${String(character.charCodeAt(0)).padStart(3, "0")}`,
  );
  return `"${escaped}"`;
}

function className(code: number): string {
  return Object.entries(classCodes).find(([, value]) => value === code)?.[0] ?? `CLASS${code}`;
}
