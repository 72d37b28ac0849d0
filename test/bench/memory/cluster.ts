/** The cluster of the memory's bench: its objects, and the questions that can be asked about them. */

import type { RawObject } from "../../../src/cluster/raw-object.ts";
import { endpointSlice, namespace, service } from "../../support/cluster-fixtures.ts";

const namespaceCount = 10;
/** Versions of a slice, each with another first endpoint. */
const versionCount = 16;

export interface MemoryClusterSize {
  readonly services: number;
  /** Of each Service. */
  readonly endpoints: number;
}

export function* memoryClusterObjects(size: MemoryClusterSize): Iterable<RawObject> {
  yield namespace("default");
  for (let n = 0; n < namespaceCount; n += 1) yield namespace(`ns-${n}`);
  for (let n = 0; n < size.services; n += 1) {
    // Every tenth is headless: about what real clusters have.
    const clusterIPs = [isHeadless(n) ? "None" : addressOf(96, n)];
    yield service(homeOf(n), `svc-${n}`, { clusterIPs, ports: ["http 80"] });
    yield memorySlice(size, n, 0);
  }
}

/** The slice of a Service as it is after so many changes. */
export function memorySlice({ endpoints }: MemoryClusterSize, n: number, version: number): RawObject {
  const places = Array.from({ length: endpoints }, (_, place) => n * endpoints + place);
  const podNames = places.map((_, place) => `svc-${n}-5d9c7b8f4-${place}abcd`);
  if (version % versionCount > 0) podNames[0] = `svc-${n}-5d9c7b8f4-new-${version % versionCount}`;
  return endpointSlice(homeOf(n), `svc-${n}`, {
    ports: ["http 8080"],
    changeTriggeredAt: new Date().toISOString(),
    endpoints: places.map((place, index) => ({
      addresses: [addressOf(128 + (index === 0 ? 16 * (version % versionCount) : 0), place)],
      podName: podNames[index] ?? "",
    })),
  });
}

/** Any of the names there are, in one of the ways to ask for it: many more questions than answers are kept. */
export function memoryQuestion({ services, endpoints }: MemoryClusterSize, random: number): string {
  const n = Math.floor(random * services);
  const name = `svc-${n}.${homeOf(n)}.svc.cluster.local.`;
  // CoreDNS has names for the endpoints of headless Services alone; the last of them never changes.
  const place = (n - (n % 10) + 10) * endpoints - 1;
  const ways = [`${name} A`, `${name} AAAA`, `_http._tcp.${name} SRV`, `${reverseNameOf(place)} PTR`];
  return ways[Math.floor(random * 1e9) % ways.length] ?? "";
}

/** A name that nobody has asked for before, and that is none. */
export function unknownQuestion(random: number): string {
  return `${random.toString(36).slice(2)}.ns-1.svc.cluster.local. A`;
}

function isHeadless(n: number): boolean {
  return n % 10 === 9;
}

function homeOf(n: number): string {
  return `ns-${n % namespaceCount}`;
}

function reverseNameOf(place: number): string {
  return `${addressOf(128, place).split(".").reverse().join(".")}.in-addr.arpa.`;
}

function addressOf(first: number, number: number): string {
  return `10.${(first + (number >> 16)) & 255}.${(number >> 8) & 255}.${number & 255}`;
}
