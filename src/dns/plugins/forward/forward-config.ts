/** One `forward FROM TO… { OPTIONS }` as it was written. */

import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Place, Word } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";
import type { Destination } from "./destination.ts";
import { readDestination } from "./destination.ts";
import { readOptions } from "./forward-options.ts";
import type { PolicyName } from "./policy.ts";

/** Upstreams of one stanza; files and host names can bring more at the start. */
export const maxUpstreams = 15;

export interface ForwardConfig extends ForwardOptions {
  readonly at: Place;
  /** Lower case; several where a CIDR's mask ends inside a label. */
  readonly from: readonly Name[];
  readonly destinations: readonly Destination[];
}

export interface ForwardOptions {
  readonly except: readonly Name[];
  readonly policy: PolicyName;
  readonly healthCheck: HealthCheck;
  /** Upstream queries under way at a time; 0: no limit. */
  readonly maxConcurrent: number;
  /** Failed exchanges per query; 0: no limit, undefined: twice the upstreams. */
  readonly maxConnectAttempts: number | undefined;
  readonly readTimeoutMs: number;
  readonly expireMs: number;
  /** 0: no limit. */
  readonly maxAgeMs: number;
  /** 0: no limit. */
  readonly maxIdleConnections: number;
  readonly forcesTcp: boolean;
  readonly prefersUdp: boolean;
  readonly tls: TlsFiles | undefined;
  readonly tlsServerName: Word | undefined;
  readonly nextRcodes: readonly number[];
  readonly nextOnNodata: boolean;
  readonly failoverRcodes: readonly number[];
  readonly failsFast: boolean;
  readonly sourceAddress: string | undefined;
  /** `ADDRESS:PORT` of the servers that know host names in `destinations`; none: the system's. */
  readonly resolvers: readonly string[];
  readonly dohMethod: "GET" | "POST";
}

export interface HealthCheck {
  /** Failed checks in a row that are forgiven; 0: upstreams are never checked and never down. */
  readonly maxFails: number;
  readonly intervalMs: number;
  readonly recursionDesired: boolean;
  readonly domain: Name;
}

export interface TlsFiles {
  readonly ca?: Word;
  readonly cert?: Word;
  readonly key?: Word;
}

/** Reports what is wrong; undefined without FROM or TO. */
export function readForward(stanza: Directive, reading: Reading): ForwardConfig | undefined {
  if (!reading.hasArguments(stanza, 2, Infinity)) return undefined;
  const [fromWord, ...toWords] = stanza.args as [Word, ...Word[]];
  const destinations = toWords.flatMap(word => readDestination(word, reading) ?? []);
  const surplus = destinations[maxUpstreams];
  if (surplus !== undefined) {
    reading.wrongValue(surplus.word, `forward takes ${maxUpstreams} upstreams at most`, "remove the others");
  }
  const config = {
    at: stanza.name.at,
    from: reading.zones([fromWord]),
    destinations,
    ...readOptions(stanza, defaults, reading),
  };
  reportConflicts(config, stanza, reading);
  return config;
}

const defaults: ForwardOptions = {
  except: [],
  policy: "random",
  healthCheck: { maxFails: 2, intervalMs: 500, recursionDesired: true, domain: [] },
  maxConcurrent: 0,
  maxConnectAttempts: undefined,
  readTimeoutMs: 2_000,
  expireMs: 10_000,
  maxAgeMs: 0,
  maxIdleConnections: 0,
  forcesTcp: false,
  prefersUdp: false,
  tls: undefined,
  tlsServerName: undefined,
  nextRcodes: [],
  nextOnNodata: false,
  failoverRcodes: [],
  failsFast: false,
  sourceAddress: undefined,
  resolvers: [],
  dohMethod: "POST",
};

function reportConflicts(config: ForwardConfig, stanza: Directive, reading: Reading): void {
  const { maxAgeMs, expireMs, tlsServerName, destinations } = config;
  const maxAge = stanza.block?.findLast(({ name }) => name.text === "max_age");
  if (maxAge !== undefined && maxAgeMs > 0 && maxAgeMs < expireMs) {
    reading.report(
      "COREFILE_CONFLICT",
      (maxAge.args[0] ?? maxAge.name).at,
      `max_age is less than expire, which is ${expireMs / 1000}s`,
      "write a longer max_age or a shorter expire",
    );
  }
  const named = destinations.find(({ transport, serverName }) => transport === "tls" && serverName);
  if (tlsServerName === undefined || named === undefined) return;
  reading.report(
    "COREFILE_CONFLICT",
    named.word.at,
    `"${named.word.text}" names its own server beside tls_servername in line ${tlsServerName.at.line}`,
    "remove one of the two names",
  );
}
