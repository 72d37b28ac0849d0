/** Writes Protocol Buffers as a Kubernetes API server does (generated.proto). */

/** A field of texts, messages or lists of them; `undefined` is left out, and so is an empty list. */
type Value = string | number | boolean | Buffer | undefined | readonly (string | Buffer)[];

/** By field number. */
export function writeMessage(fields: Readonly<Record<number, Value>>): Buffer {
  return Buffer.concat(Object.entries(fields).map(([number, value]) => writeField(Number(number), value)));
}

function writeField(number: number, value: Value): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  if (typeof value === "object" && !Buffer.isBuffer(value)) {
    return Buffer.concat(value.map(one => writeField(number, one)));
  }
  if (typeof value === "number" || typeof value === "boolean") {
    return Buffer.concat([writeVarint(number * 8), writeVarint(Number(value))]);
  }
  const octets = Buffer.from(value as string);
  return Buffer.concat([writeVarint(number * 8 + 2), writeVarint(octets.length), octets]);
}

function writeVarint(value: number): Buffer {
  const octets: number[] = [];
  for (; value > 0x7f; value = Math.floor(value / 128)) octets.push((value & 0x7f) | 0x80);
  return Buffer.from([...octets, value]);
}

/** Around every object: the magic number and `Unknown` of the runtime's. */
export function writeEnvelope(apiVersion: string, kind: string, object: Buffer): Buffer {
  const type = writeMessage({ 1: apiVersion, 2: kind });
  return Buffer.concat([Buffer.from("k8s\0"), writeMessage({ 1: type, 2: object, 3: "", 4: "" })]);
}
