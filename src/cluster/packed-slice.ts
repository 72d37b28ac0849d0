/**
 * Slices as they are kept where there are many and only names are made of them.
 *
 * An endpoint as an object, with an array and two texts, takes 270 octets; a line of text takes 50. What matters more:
 * a garbage collection looks at each object and not inside of a text, and queries wait for it.
 */

import { addressKey, ipv4Key } from "./address-key.ts";
import type { Endpoint, EndpointPort, EndpointSlice, ImportedSlice } from "./objects.ts";

/** Of an endpoint, with what is usual left out at the end. One address stands for itself. */
type Row = readonly [
  addresses: string | readonly string[],
  targetName?: string,
  state?: number,
  zone?: string,
  hostname?: string,
  targetKind?: string,
  targetNamespace?: string,
];

const state = { ready: 1, serving: 2, terminating: 4 };

/** The same slice, but that its endpoints are on no node and meant for everybody. Each look at them makes them anew. */
export function packSlice(slice: EndpointSlice): EndpointSlice {
  if (slice instanceof PackedSlice) return slice;
  const rows = slice.endpoints.map(endpoint => packEndpoint(endpoint, slice.namespace));
  return new PackedSlice(slice, `[${rows.join(",")}]`);
}

/** The slice with the endpoints of `text`: a list of what `packEndpoint` makes, in JSON. */
export function packedSlice(slice: EndpointSlice, text: string): EndpointSlice {
  return new PackedSlice(slice, text);
}

/** JSON of one endpoint. Nothing is left out of it where the namespace of its slice is not known. */
export function packEndpoint(endpoint: Endpoint, sliceNamespace: string | undefined): string {
  return JSON.stringify(rowOf(endpoint, sliceNamespace));
}

/** What each address of the slice is found by. */
export function addressKeysOf(slice: EndpointSlice): readonly (string | number)[] {
  const keys = slice instanceof PackedSlice ? slice.ipv4Keys() : undefined;
  return keys ?? slice.endpoints.flatMap(({ addresses }) => addresses.map(addressKey));
}

class PackedSlice implements EndpointSlice {
  readonly kind = "EndpointSlice";
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly serviceName: string;
  readonly isHeadless: boolean;
  readonly imported: ImportedSlice | undefined;
  readonly addressType: EndpointSlice["addressType"];
  readonly ports: readonly EndpointPort[];
  readonly changeTriggeredAtMs: number | undefined;
  /** JSON of the rows. */
  readonly #text: string;

  constructor(slice: EndpointSlice, text: string) {
    this.namespace = slice.namespace;
    this.name = slice.name;
    this.resourceVersion = slice.resourceVersion;
    this.serviceName = slice.serviceName;
    this.isHeadless = slice.isHeadless;
    this.imported = slice.imported;
    this.addressType = slice.addressType;
    this.ports = slice.ports;
    this.changeTriggeredAtMs = slice.changeTriggeredAtMs;
    this.#text = text;
  }

  get endpoints(): readonly Endpoint[] {
    return (JSON.parse(this.#text) as readonly Row[]).map(row => endpointOf(row, this.namespace));
  }

  /**
   * Undefined unless all endpoints have one address, of IPv4: then they need not be made for that. What is found inside
   * of a text for the border between two rows has no address behind it.
   */
  ipv4Keys(): readonly number[] | undefined {
    const text = this.#text;
    if (text === "[]") return [];
    const keys: number[] = [];
    for (let border = -1, start = 1; ; start = border + 2) {
      if (!text.startsWith(startOfRow, start)) return undefined;
      const address = start + startOfRow.length;
      const key = ipv4Key(text, address, text.indexOf('"', address));
      if (key === undefined) return undefined;
      keys.push(key);
      border = text.indexOf(betweenRows, address);
      if (border === -1) return keys;
    }
  }
}

const startOfRow = '["';
const betweenRows = "],[";

function rowOf(endpoint: Endpoint, sliceNamespace: string | undefined): Row {
  const { addresses, isReady, isServing, isTerminating, hostname, zone, targetRef } = endpoint;
  const { kind = usual.kind, namespace = sliceNamespace ?? "", name = "" } = targetRef ?? {};
  const bits =
    (isReady ? state.ready : 0) | (isServing ? state.serving : 0) | (isTerminating ? state.terminating : 0);
  const [address] = addresses;
  const row = [addresses.length === 1 && address !== undefined ? address : addresses, name, bits];
  const others = [
    zone,
    hostname,
    kind === usual.kind ? "" : kind,
    namespace === sliceNamespace ? "" : namespace,
  ];
  return withoutUsualEnd([...row, ...others]) as unknown as Row;
}

const usual = { kind: "Pod", state: state.ready | state.serving };

function withoutUsualEnd(row: readonly unknown[]): readonly unknown[] {
  const isUnusual = (cell: unknown, index: number) => index === 0 || (cell !== "" && cell !== usual.state);
  return row.slice(0, 1 + row.findLastIndex(isUnusual));
}

function endpointOf(row: Row, sliceNamespace: string): Endpoint {
  const [addresses, name = "", bits = usual.state, zone = "", hostname = "", kind, namespace] = row;
  return {
    addresses: typeof addresses === "string" ? [addresses] : addresses,
    isReady: (bits & state.ready) !== 0,
    isServing: (bits & state.serving) !== 0,
    isTerminating: (bits & state.terminating) !== 0,
    hostname,
    nodeName: "",
    zone,
    hints: undefined,
    targetRef:
      name === "" ? undefined : { kind: kind || usual.kind, namespace: namespace || sliceNamespace, name },
  };
}
