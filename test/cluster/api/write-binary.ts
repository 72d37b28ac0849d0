/** Writes Protocol Buffers as a Kubernetes API server does (generated.proto), for what tests make up. */

import type { Endpoint } from "../../../src/cluster/objects.ts";

/** A field of texts, messages or lists of them; `undefined` is left out, and so is an empty list. */
type Value = string | number | boolean | Buffer | undefined | readonly (string | Buffer)[];

/** By field number. */
export function writeMessage(fields: Readonly<Record<number, Value>>): Buffer {
  return Buffer.concat(Object.entries(fields).map(([number, value]) => writeField(Number(number), value)));
}

export function writeList(version: string, continueToken: string, items: readonly Buffer[]): Buffer {
  const list = writeMessage({ 1: writeMessage({ 2: version, 3: continueToken }), 2: items });
  const type = writeMessage({ 1: "v1", 2: "List" });
  return Buffer.concat([Buffer.from("k8s\0"), writeMessage({ 1: type, 2: list, 3: "", 4: "" })]);
}

export function writeService(name: string, clusterIP: string, note = ""): Buffer {
  const annotations = writeMessage({ 1: "note", 2: note });
  const metadata = writeMessage({ 1: name, 3: "shop", 6: "7", 12: annotations });
  return writeMessage({ 1: metadata, 2: writeMessage({ 3: clusterIP, 4: "ClusterIP", 18: clusterIP }) });
}

export function writeSlice(namespace: string, endpoints: readonly Endpoint[]): Buffer {
  const metadata = writeMessage({ 1: "web-1", 3: namespace, 6: "7" });
  return writeMessage({ 1: metadata, 2: endpoints.map(writeEndpoint), 4: "IPv4" });
}

function writeEndpoint({ addresses, hostname, nodeName, zone, targetRef, ...state }: Endpoint): Buffer {
  const { isReady, isServing, isTerminating } = state;
  const target =
    targetRef && writeMessage({ 1: targetRef.kind, 2: targetRef.namespace, 3: targetRef.name, 4: "uid" });
  const conditions = writeMessage({ 1: isReady, 2: isServing, 3: isTerminating });
  return writeMessage({ 1: addresses, 2: conditions, 3: hostname, 4: target, 6: nodeName, 7: zone });
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
