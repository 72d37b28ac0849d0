/** What the load generator is asked for, and what it has seen. Both travel between processes as JSON. */

import type { ServerAddress } from "../../support/dns-client.ts";

/** What is asked: type A, no EDNS, RD set, as a Pod's C library does. */
export interface Asked {
  /** Fully qualified; each query takes one at random. */
  readonly names: readonly string[];
  /** Whether the first label, of twelve letters, is another one in each query. */
  readonly isEachNew: boolean;
  readonly expected: ExpectedReply;
}

/** Others are wrong. `echo` is the query, marked as a response. */
export type ExpectedReply = "answer" | "nxdomain" | "echo";

/** As many queries under way at any time, each reply followed by the next query; or a query each so many nanoseconds. */
export type Pace =
  | { readonly kind: "window"; readonly outstanding: number }
  | { readonly kind: "rate"; readonly perSecond: number };

export interface LoadRequest {
  readonly server: ServerAddress;
  readonly asked: Asked;
  readonly pace: Pace;
  readonly seconds: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly sent: number;
  /** Right replies. */
  readonly answered: number;
  readonly wrong: number;
  /** Queries without a reply two seconds after the last one was sent. */
  readonly lost: number;
  /** From sending to reading; of paced load only. */
  readonly latency: Latency | undefined;
}

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}
