/** Objects in Protocol Buffers as tests make them up, field by field. */

import type { Endpoint } from "../../../src/cluster/objects.ts";
import { writeEnvelope, writeMessage } from "../../support/write-protobuf.ts";

export function writeList(version: string, continueToken: string, items: readonly Buffer[]): Buffer {
  const list = writeMessage({ 1: writeMessage({ 2: version, 3: continueToken }), 2: items });
  return writeEnvelope("v1", "List", list);
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
