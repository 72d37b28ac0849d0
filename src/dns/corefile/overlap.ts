/**
 * One zone on one port is served by one server block. A block without `bind` takes all addresses (CoreDNS:
 * core/dnsserver/address.go).
 */

import { formatName } from "../wire/name.ts";
import type { Reading } from "./reading.ts";
import type { ServerKey } from "./server-key.ts";
import { schemePorts } from "./server-key.ts";
import type { Directive, Place } from "./syntax.ts";

/** What serves all addresses. */
const everywhere = "";

/** Remembers what is served; made once for a Corefile. `defaultPort` is that of plain DNS. */
export class Overlap {
  readonly #reading: Reading;
  readonly #defaultPort: number;
  /** By zone and port, then by address. */
  readonly #served = new Map<string, Map<string, Place>>();

  constructor(reading: Reading, defaultPort: number) {
    this.#reading = reading;
    this.#defaultPort = defaultPort;
  }

  /** Reports keys that earlier ones leave no place for. */
  add(keys: readonly ServerKey[], directives: ReadonlyMap<string, readonly Directive[]>): void {
    const addresses = boundAddresses(directives.get("bind") ?? []);
    // With `view` a block serves some clients only, which is no reason for others not to serve the rest.
    const isForAll = !directives.has("view");
    for (const key of keys) {
      for (const address of addresses) this.#addOne(key, address, isForAll);
    }
  }

  #addOne({ scheme, zone, port, at }: ServerKey, address: string, isForAll: boolean): void {
    const what = `${scheme}://${formatName(zone)}:${port ?? (scheme === "dns" ? this.#defaultPort : schemePorts[scheme])}`;
    const served = this.#served.get(what) ?? new Map<string, Place>();
    const first =
      served.get(address) ?? served.get(everywhere) ?? (address === everywhere ? anyOf(served) : undefined);
    if (first !== undefined) this.#report(what, address, at, first);
    else if (isForAll) this.#served.set(what, served.set(address, at));
  }

  #report(what: string, address: string, at: Place, first: Place): void {
    const where = address === everywhere ? "" : ` on ${address}`;
    const file = first.file === at.file ? "" : ` of ${first.file}`;
    this.#reading.report(
      "COREFILE_DUPLICATE",
      at,
      `${what}${where} is served already, by line ${first.line}${file}`,
      "remove one of them, or give each block its own addresses with bind",
    );
  }
}

function anyOf(served: ReadonlyMap<string, Place>): Place | undefined {
  return served.values().next().value;
}

/** As written: names of interfaces stand for themselves. */
function boundAddresses(stanzas: readonly Directive[]): readonly string[] {
  if (stanzas.length === 0) return [everywhere];
  return stanzas.flatMap(({ args, block }) => {
    const exceptions = block?.filter(({ name }) => name.text === "except") ?? [];
    const excepted = new Set(exceptions.flatMap(option => option.args.map(({ text }) => text)));
    return args.map(({ text }) => text).filter(address => !excepted.has(address));
  });
}
