/** Addresses a server block can be reached at: what `bind` names, or all of this machine's. */

import type { NetworkInterfaceInfo } from "node:os";
import { networkInterfaces } from "node:os";
import type { BlockContext } from "../corefile/plan.ts";

/** The words of `bind`: addresses and names of interfaces. */
export interface BoundTo {
  /** Empty without `bind`. */
  readonly hosts: readonly string[];
  readonly except: readonly string[];
}

export function readBoundTo(block: BlockContext): BoundTo {
  const stanzas = block.directives.get("bind") ?? [];
  const options = stanzas.flatMap(({ block }) => block ?? []).filter(({ name }) => name.text === "except");
  return {
    hosts: stanzas.flatMap(({ args }) => args.map(({ text }) => text)),
    except: options.flatMap(({ args }) => args.map(({ text }) => text)),
  };
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * Addresses in textual form. Where no address is named, those that mean something on this machine only (loopback, or
 * with a zone) are left out, unless there are no others.
 */
export function ownAddresses(
  { hosts, except }: BoundTo,
  interfaces: Interfaces = networkInterfaces(),
): readonly string[] {
  const left = new Set(except.flatMap(word => addressesOf(word, interfaces)));
  const isEverywhere = hosts.length === 0 || hosts.some(host => host === "0.0.0.0" || host === "::");
  if (!isEverywhere) {
    return hosts.flatMap(word => addressesOf(word, interfaces)).filter(address => !left.has(address));
  }
  const all = Object.values(interfaces).flatMap(list => list ?? []);
  const offered = all.filter(({ address }) => !left.has(address));
  const outside = offered.filter(({ internal, scopeid }) => !internal && !scopeid);
  return (outside.length > 0 ? outside : offered).map(({ address }) => address);
}

function addressesOf(word: string, interfaces: Interfaces): readonly string[] {
  return interfaces[word]?.map(({ address }) => address) ?? [word];
}
