/**
 * Record data of the old types that may hold compressed names although we do not know them otherwise (RFC 3597 §4).
 * A pointer means something only inside its message, so names are written out: the octets can then go anywhere.
 */

import type { Name } from "./name.ts";
import type { Reader } from "./reader.ts";

/** A count of octets, one character-string, or one name. */
type Field = number | "string" | "name";

const layouts: ReadonlyMap<number, readonly Field[]> = new Map([
  [3, ["name"]], // MD
  [4, ["name"]], // MF
  [7, ["name"]], // MB
  [8, ["name"]], // MG
  [9, ["name"]], // MR
  [14, ["name", "name"]], // MINFO
  [17, ["name", "name"]], // RP
  [18, [2, "name"]], // AFSDB
  [21, [2, "name"]], // RT
  [24, [18, "name"]], // SIG
  [26, [2, "name", "name"]], // PX
  [30, ["name"]], // NXT
  [35, [4, "string", "string", "string", "name"]], // NAPTR
]);

/** Whether record data of this type can only be understood together with its message. */
export function mayHoldCompressedNames(typeCode: number): boolean {
  return layouts.has(typeCode);
}

/** A copy of the record data the reader is at the start of; octets behind the last field of a layout stay as they are. */
export function expandRecordData(reader: Reader, typeCode: number): Uint8Array {
  const layout = layouts.get(typeCode);
  if (layout === undefined) return reader.bytes(reader.remaining);
  const parts = layout.map(field => readField(reader, field));
  return new Uint8Array(Buffer.concat([...parts, reader.bytes(reader.remaining)]));
}

function readField(reader: Reader, field: Field): Uint8Array {
  if (field === "name") return nameOctets(reader.name());
  if (field === "string") return lengthPrefixed(reader.characterString());
  return reader.bytes(field);
}

function nameOctets(name: Name): Uint8Array {
  return Buffer.concat([...name.map(lengthPrefixed), Buffer.of(0)]);
}

function lengthPrefixed(text: string): Uint8Array {
  return Buffer.from(String.fromCharCode(text.length) + text, "latin1");
}
