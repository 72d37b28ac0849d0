/** What a Corefile word is to the server: how it is read, how it starts, what it does to queries. */

import type { Logger } from "pino";
import type { Kind } from "../../cluster/objects.ts";
import type { Cluster } from "../../cluster/store.ts";
import type { Instruments } from "../../observe/instruments.ts";
import type { DirectiveReader } from "../corefile/plan.ts";
import type { Place } from "../corefile/syntax.ts";
import type { Name } from "../wire/name.ts";
import type { Outcome } from "./outcome.ts";
import type { Metadata, Query } from "./query.ts";

/** The rest of the chain, seen from one plugin. Never throws for what a client or an upstream sends. */
export type Handler = (query: Query) => Outcome | Promise<Outcome>;

/**
 * One word of the Corefile. Words that only describe the server (`bind`, `tls`, `root`) have no `start`: whoever
 * builds the listeners reads their configuration.
 */
export interface Plugin<Config = unknown> extends DirectiveReader<Config> {
  /** What the configuration makes the server do: whole sentences, for `check --explain`. */
  explain(config: Config): readonly string[];
  /** Called once per server block, before any listener is open. Throws PluginStartError. */
  start?(config: Config, host: PluginHost): Layer | Promise<Layer>;
  /** Answers come from other servers, so a cache belongs in front. */
  readonly asksUpstream?: boolean;
}

/** Types a plugin's own configuration, and forgets it again for lists of all plugins. */
export function definePlugin<Config>(plugin: Plugin<Config>): Plugin {
  return plugin as Plugin;
}

/** A plugin at work in one server block. */
export interface Layer {
  /** Answers, or asks `next` and may change what comes back. Without it queries pass by. */
  handle?(query: Query, next: Handler): Outcome | Promise<Outcome>;
  /** The same, placed directly in front of the first plugin that asks other servers. */
  aroundUpstream?(query: Query, next: Handler): Outcome | Promise<Outcome>;
  /**
   * Equal questions get equal replies, whoever asks, until something changes that was noted in `query.provenance`, and
   * what else is done for a query is noted there, too. One layer that handles queries without it, and all replies of the
   * block are made anew for each query.
   */
  readonly answersAlike?: boolean;
  /** Hears of every query of the block when its reply is ready to be sent; must not throw. */
  sent?(exchange: Exchange): void;
  /**
   * What counts further replies that differ from this one in id, letter case and order of addresses only; undefined when
   * there is nothing to count. A layer without it hears of each of them through `sent`.
   */
  tallyOf?(exchange: Exchange): Tally | undefined;
  /** What it can tell about a query; called before any `handle`, only in blocks with `metadata`. */
  describe?(query: Query, metadata: Metadata): void;
  /** What it still waits for, one line each; nothing when it is ready. */
  notReady?(): readonly string[];
  /** Called once, when all plugins of the block have started. */
  connect?(chain: BlockChain): void;
  /** Called when nothing asks it any more. */
  close?(): void | Promise<void>;
}

/** A server block whose plugins have all started. */
export interface BlockChain {
  readonly members: readonly ChainMember[];
  /** Puts a query to the whole chain of the block. */
  readonly handle: Handler;
}

export interface ChainMember {
  readonly name: string;
  readonly config: unknown;
  readonly layer: Layer;
}

/** One query and what was sent back, for metrics and logs. */
export interface Exchange {
  /** As it came from the client. */
  readonly query: Query;
  readonly outcome: Outcome;
  readonly rcode: number;
  readonly requestSizeBytes: number;
  /** What is sent, the first message of several; undefined when nothing is. */
  readonly response: Uint8Array | undefined;
  readonly durationMs: number;
}

/** The process around a plugin. */
export interface PluginHost {
  /** Lines appear under the plugin's name. */
  readonly log: Logger;
  readonly instruments: Instruments;
  readonly queries: QueryMeter;
  /** Writes a line to the log as it is: for lines that are too many to be made of fields. */
  writeLogLine(line: string): void;
  /** The zones of the server block, lower case. */
  readonly zones: readonly Name[];
  /** Where the directive is, for messages. */
  readonly at: Place;
  /** Resolves a file name of the Corefile: relative ones against `root`, else against the Corefile's folder. */
  path(name: string): string;
  /** Milliseconds on a clock that never jumps. */
  now(): number;
  /** The cluster behind an API server; equal requests share one connection, across server blocks and reloads. */
  openCluster(request: ClusterRequest): Promise<OpenCluster>;
}

/** Which objects of which cluster a plugin wants to know. */
export interface ClusterRequest {
  /** Undefined: whatever the command line or the Pod's service account gives. */
  readonly access: ClusterAccess | undefined;
  readonly kinds: readonly Kind[];
  /** Label selectors in the API's own syntax. */
  readonly labelSelector?: string;
  readonly namespaceLabelSelector?: string;
}

export type ClusterAccess =
  | { readonly kubeconfig: string; readonly context: string | undefined }
  | {
      readonly endpoint: string;
      readonly tls: { readonly cert: string; readonly key: string; readonly ca: string } | undefined;
    };

export interface OpenCluster {
  readonly cluster: Cluster;
  /** What is not loaded yet and why, one line each. */
  missing(): readonly string[];
  /** Resolves when every kind has been loaded once. */
  readonly synced: Promise<void>;
  close(): void;
}

/** Counts queries; must cost next to nothing. */
interface QueryMeter {
  observe(query: CountedQuery): void;
  /** For queries that differ from this one in their duration and sizes only. */
  tallyOf(query: CountedQuery): Tally;
}

/** Counts queries that are alike but for their duration and sizes: one for all of a kind. */
export interface Tally {
  /** A whole number: fractions would cost memory each time. */
  count(durationNs: number, requestSizeBytes: number, responseSizeBytes: number): void;
}

export interface CountedQuery {
  /** The listener, as CoreDNS writes it: `dns://:53`. */
  readonly server: string;
  /** The zone of the server that matched, `.` if none did, `dropped` for a query that was not looked at. */
  readonly zone: string;
  readonly protocol: "udp" | "tcp";
  /** IANA address family of the client: 1 is IPv4, 2 is IPv6. */
  readonly family: "1" | "2";
  readonly type: number;
  /** Twelve bits. */
  readonly rcode: number;
  readonly isDnssecOk: boolean;
  readonly requestSizeBytes: number;
  readonly responseSizeBytes: number;
  readonly durationSeconds: number;
  /** The Corefile word that wrote the answer; "" when none did. */
  readonly plugin: string;
}

export type { CounterOf, GaugeOf, HistogramOf, Instruments, Labels } from "../../observe/instruments.ts";

/** A plugin that cannot start as configured: a file that is not there, an address that is taken. */
export class PluginStartError extends Error {
  override readonly name = "PluginStartError";
  /** Of the program: bad configuration. */
  readonly exitCode = 2;
  readonly at: Place;
  readonly what: string;
  readonly remedy: string;

  constructor(at: Place, what: string, remedy: string, cause?: unknown) {
    super(`${at.file}:${at.line}:${at.column}: ${what}`, { cause });
    this.at = at;
    this.what = what;
    this.remedy = remedy;
  }
}
