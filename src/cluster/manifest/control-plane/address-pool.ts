/**
 * Addresses and port numbers that nobody wrote down, invented so that the same name gets the same one in every run.
 *
 * A name's hash picks its place in the pool; who comes to a place that is taken moves on to the next free one.
 * What else exists therefore matters only to the few names that collide.
 */

import { hash } from "node:crypto";
import type { IPFamily, Protocol } from "../../objects.ts";

export type PoolName =
  | `service${IPFamily}`
  | `loadBalancer${IPFamily}`
  | `pod${IPFamily}`
  | `nodePort${Protocol}`;

/** Who holds what in each pool: owner → address or port number. */
export type Leases = { readonly [P in PoolName]?: ReadonlyMap<string, string> };

interface Pool {
  readonly size: number;
  /** `slot` counts from 0 to `size - 1`. */
  at(slot: number): string;
}

/**
 * IPv4 ranges are loopback, so that connections work without root; their places correspond, and a Service's
 * load balancer ends in the same two numbers as its cluster IP. The IPv6 prefixes are a ULA (RFC 4193) of our own.
 */
const pools: { readonly [P in PoolName]: Pool } = {
  serviceIPv4: loopbackPool("127.96.0.0", 12),
  serviceIPv6: uniqueLocalPool("fd00:f0d0:6b00:1"),
  loadBalancerIPv4: loopbackPool("127.112.0.0", 12),
  loadBalancerIPv6: uniqueLocalPool("fd00:f0d0:6b00:2"),
  podIPv4: loopbackPool("127.128.0.0", 10),
  podIPv6: uniqueLocalPool("fd00:f0d0:6b00:3"),
  nodePortTCP: nodePortPool(),
  nodePortUDP: nodePortPool(),
  nodePortSCTP: nodePortPool(),
};

/**
 * Gives each owner one entry of a pool. Entries in `reserved` are given to nobody; an owner that held one before
 * keeps it unless it is reserved now. An owner is missing from the result only when the pool is used up.
 */
export function allocate(
  poolName: PoolName,
  owners: readonly string[],
  reserved: ReadonlySet<string>,
  before: Leases,
): ReadonlyMap<string, string> {
  const pool = pools[poolName];
  const granted = new Map<string, string>();
  const taken = new Set(reserved);
  const newcomers: string[] = [];
  for (const owner of owners) {
    const held = before[poolName]?.get(owner);
    if (held === undefined || reserved.has(held)) newcomers.push(owner);
    else grant(owner, held);
  }
  // Sorted, so that the order of files decides nothing.
  for (const owner of newcomers.sort()) {
    const free = findFree(pool, owner, taken);
    if (free !== undefined) grant(owner, free);
  }
  return granted;

  function grant(owner: string, entry: string): void {
    granted.set(owner, entry);
    taken.add(entry);
  }
}

function findFree(pool: Pool, owner: string, taken: ReadonlySet<string>): string | undefined {
  const first = hashOf(owner) % pool.size;
  for (let step = 0; step < pool.size; step++) {
    const entry = pool.at((first + step) % pool.size);
    if (!taken.has(entry)) return entry;
  }
  return undefined;
}

/** 48 bits of SHA-256: the same in every run and on every machine. */
export function hashOf(text: string): number {
  return hash("sha256", text, "buffer").readUIntBE(0, 6);
}

/** All of a network but addresses that end in .0 and .255, which some programs take for a network's own. */
function loopbackPool(network: string, prefixLength: number): Pool {
  const [first = 0, second = 0] = network.split(".").map(Number);
  const perBlock = 254;
  return {
    size: 2 ** (24 - prefixLength) * perBlock,
    at(slot) {
      const block = Math.floor(slot / perBlock);
      return `${first}.${second + (block >> 8)}.${block & 0xff}.${1 + (slot % perBlock)}`;
    },
  };
}

/** 2³² − 1 addresses `prefix::1` and up, as RFC 5952 writes them. */
function uniqueLocalPool(prefix: string): Pool {
  return {
    size: 2 ** 32 - 1,
    at(slot) {
      const high = Math.floor((slot + 1) / 0x10000);
      const low = ((slot + 1) % 0x10000).toString(16);
      return high === 0 ? `${prefix}::${low}` : `${prefix}::${high.toString(16)}:${low}`;
    },
  };
}

/** Kubernetes's default `--service-node-port-range`. */
function nodePortPool(): Pool {
  return { size: 2768, at: slot => String(30000 + slot) };
}
