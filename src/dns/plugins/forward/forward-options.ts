/** The lines in a `forward` block, word by word. */

import { isIP } from "node:net";
import type { OptionReader, Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";
import { parseName } from "../../wire/name.ts";
import { WireError } from "../../wire/wire-error.ts";
import { rcodeOfWord } from "../mnemonics.ts";
import { formatEndpoint, splitHost, transportPorts } from "./destination.ts";
import type { ForwardOptions, HealthCheck, TlsFiles } from "./forward-config.ts";
import { policyNames } from "./policy.ts";

/** Options written twice: the last counts; lists of names and codes grow. */
export function readOptions(stanza: Directive, defaults: ForwardOptions, reading: Reading): ForwardOptions {
  const draft = { ...defaults };
  const readers = {
    ...selectionReaders(draft, reading),
    ...limitReaders(draft, reading),
    ...connectionReaders(draft, reading),
  };
  reading.options(stanza, readers, removedOptions);
  return draft;
}

/** Options of `proxy`, which `forward` replaced in CoreDNS 1.5, and of other plugins of that time. */
const removedOptions = {
  fail_timeout: "remove it: an upstream that fails is checked every health_check interval until it answers",
  spray: "remove it: when all upstreams are down, one of them is tried anyway",
  protocol: "remove it: write force_tcp, or the protocol in front of the address, such as tls://9.9.9.9",
  upstream: "remove it: write the upstreams behind FROM",
};

type Draft = { -readonly [Key in keyof ForwardOptions]: ForwardOptions[Key] };
type Readers = Readonly<Record<string, OptionReader>>;

const maxUint32 = 0xffff_ffff;

/** Which names, which upstream, and what counts as an answer. */
function selectionReaders(draft: Draft, reading: Reading): Readers {
  const flag = flagReader(draft, reading);
  return {
    except: option => {
      if (!reading.hasArguments(option, 1, Infinity)) return;
      draft.except = [...draft.except, ...reading.zones(option.args)];
    },
    policy: option => {
      const word = argumentOf(option, reading);
      draft.policy = (word && reading.choice(word, policyNames)) ?? draft.policy;
    },
    next: option => {
      draft.nextRcodes = [...draft.nextRcodes, ...readRcodes(option, reading)];
    },
    next_on_nodata: flag("nextOnNodata"),
    failover: option => {
      draft.failoverRcodes = [...draft.failoverRcodes, ...readFailover(option, reading)];
    },
    failfast_all_unhealthy_upstreams: flag("failsFast"),
  };
}

function limitReaders(draft: Draft, reading: Reading): Readers {
  const count = (key: "maxConcurrent" | "maxConnectAttempts" | "maxIdleConnections"): OptionReader => {
    return option => {
      const word = argumentOf(option, reading);
      draft[key] = (word && reading.integer(word, 0, maxUint32)) ?? draft[key] ?? 0;
    };
  };
  const duration = (key: "expireMs" | "maxAgeMs" | "readTimeoutMs", leastMs: number): OptionReader => {
    return option => {
      const word = argumentOf(option, reading);
      draft[key] = (word && reading.durationMs(word, leastMs)) ?? draft[key];
    };
  };
  return {
    max_concurrent: count("maxConcurrent"),
    max_connect_attempts: count("maxConnectAttempts"),
    max_idle_conns: count("maxIdleConnections"),
    expire: duration("expireMs", 0),
    max_age: duration("maxAgeMs", 0),
    read_timeout: duration("readTimeoutMs", 1),
    max_fails: option => {
      const word = argumentOf(option, reading);
      const maxFails = word && reading.integer(word, 0, maxUint32);
      if (maxFails !== undefined) draft.healthCheck = { ...draft.healthCheck, maxFails };
    },
    health_check: option => {
      draft.healthCheck = readHealthCheck(option, draft.healthCheck, reading);
    },
  };
}

/** How an upstream is reached. */
function connectionReaders(draft: Draft, reading: Reading): Readers {
  const flag = flagReader(draft, reading);
  return {
    force_tcp: flag("forcesTcp"),
    prefer_udp: flag("prefersUdp"),
    tls: option => {
      if (reading.hasArguments(option, 0, 3)) draft.tls = tlsFiles(option.args);
    },
    tls_servername: option => {
      draft.tlsServerName = argumentOf(option, reading) ?? draft.tlsServerName;
    },
    source_address: option => {
      const word = argumentOf(option, reading);
      draft.sourceAddress = word && reading.ipAddress(word);
    },
    resolver: option => {
      if (reading.hasArguments(option, 1, Infinity)) draft.resolvers = readResolvers(option.args, reading);
    },
    doh_method: option => {
      const word = argumentOf(option, reading);
      draft.dohMethod = (word && reading.choice(word, ["GET", "POST"])) ?? draft.dohMethod;
    },
  };
}

function argumentOf(option: Directive, reading: Reading): Word | undefined {
  return reading.hasArguments(option, 1) ? option.args[0] : undefined;
}

function flagReader(draft: Draft, reading: Reading) {
  return (key: "forcesTcp" | "prefersUdp" | "nextOnNodata" | "failsFast"): OptionReader => {
    return option => {
      draft[key] = reading.hasArguments(option, 0) || draft[key];
    };
  };
}

/** `health_check DURATION [no_rec] [domain FQDN]` */
function readHealthCheck(option: Directive, before: HealthCheck, reading: Reading): HealthCheck {
  if (!reading.hasArguments(option, 1, Infinity)) return before;
  const [interval, ...words] = option.args as [Word, ...Word[]];
  const intervalMs = reading.durationMs(interval) ?? before.intervalMs;
  let { recursionDesired } = before;
  let domain: Name = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word.text === "no_rec") recursionDesired = false;
    else if (word.text === "domain") domain = readDomain(word, words.shift(), reading);
    else reading.choice(word, ["no_rec", "domain"]);
  }
  return { maxFails: before.maxFails, intervalMs, recursionDesired, domain };
}

function readDomain(keyword: Word, word: Word | undefined, reading: Reading): Name {
  if (word === undefined) {
    reading.report("COREFILE_ARGUMENTS", keyword.at, "domain takes a name", "write what is missing");
    return [];
  }
  try {
    return parseName(word.text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    reading.wrongValue(word, `"${word.text}" is not a domain name`, "write a name such as example.org");
    return [];
  }
}

/** `tls`, `tls CA`, `tls CERT KEY` or `tls CERT KEY CA`. */
function tlsFiles([first, key, ca]: readonly Word[]): TlsFiles {
  if (first === undefined) return {};
  if (key === undefined) return { ca: first };
  return { cert: first, key, ...(ca && { ca }) };
}

function readRcodes(option: Directive, reading: Reading): readonly number[] {
  if (!reading.hasArguments(option, 1, Infinity)) return [];
  return option.args.flatMap(word => {
    const rcode = rcodeOfWord(word.text.toUpperCase());
    if (rcode !== undefined) return [rcode];
    reading.wrongValue(word, `"${word.text}" is not a response code`, "write one such as NXDOMAIN");
    return [];
  });
}

function readFailover(option: Directive, reading: Reading): readonly number[] {
  for (const word of option.args) {
    if (word.text.toUpperCase() !== "NOERROR") continue;
    reading.wrongValue(word, "an answer without an error is no reason to ask another upstream", "remove it");
  }
  return readRcodes(option, reading);
}

function readResolvers(words: readonly Word[], reading: Reading): readonly string[] {
  return words.flatMap(word => {
    const { host, port = transportPorts.dns } = splitHost(word.text) ?? { host: "" };
    if (isIP(host) !== 0) return formatEndpoint(host, port);
    reading.wrongValue(word, `"${word.text}" is not an address of a resolver`, "write IP or IP:PORT");
    return [];
  });
}
