/**
 * Corefile word `dns64`: names without IPv6 addresses get some that lead to their IPv4 addresses through a NAT64
 * (RFC 6147). The addresses are built as RFC 6052 §2.2 says.
 *
 * As in CoreDNS, and other than these documents: addresses that are not global are translated with the well-known
 * prefix too (RFC 6052 §3.1), for in a test cluster few are; PTR queries are not translated (RFC 6147 §5.3.1).
 */

import { isIPv4, isIPv6 } from "node:net";
import type { Reading } from "../corefile/reading.ts";
import type { Directive, Word } from "../corefile/syntax.ts";
import { addressToBytes, bytesToAddress } from "../wire/address.ts";
import { rcodes } from "../wire/message.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { classCodes, typeCodes } from "../wire/record.ts";
import { parseNetwork, plainAddress } from "./network.ts";
import type { Reply } from "./outcome.ts";
import { andThen } from "./outcome.ts";
import type { CounterOf } from "./plugin.ts";
import { definePlugin } from "./plugin.ts";
import type { Query } from "./query.ts";
import { replyTo } from "./records-reply.ts";

export interface Dns64Config {
  readonly prefix: Prefix;
  /** Translates names that have IPv6 addresses of their own as well. */
  readonly translatesAll: boolean;
  /** Translates for clients that ask over IPv4 as well. */
  readonly allowsIPv4: boolean;
}

export interface Prefix {
  /** 16 octets, zero behind the prefix. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

const wellKnownPrefix: Prefix = { bytes: addressToBytes("64:ff9b::"), length: 96 };

export const dns64 = definePlugin<Dns64Config>({
  name: "dns64",

  read(stanzas, reading) {
    let config: Dns64Config = { prefix: wellKnownPrefix, translatesAll: false, allowsIPv4: false };
    const takePrefix = (word: Word | undefined) => {
      const prefix = word === undefined ? undefined : readPrefix(word, reading);
      if (prefix !== undefined) config = { ...config, prefix };
    };
    const flag = (changes: Partial<Dns64Config>) => (option: Directive) => {
      if (reading.hasArguments(option, 0)) config = { ...config, ...changes };
    };
    for (const stanza of stanzas) {
      if (reading.hasArguments(stanza, 0, 1)) takePrefix(stanza.args[0]);
      reading.options(stanza, {
        prefix(option) {
          if (reading.hasArguments(option, 1)) takePrefix(option.args[0]);
        },
        translate_all: flag({ translatesAll: true }),
        allow_ipv4: flag({ allowsIPv4: true }),
      });
    }
    return config;
  },

  explain: ({ prefix, translatesAll, allowsIPv4 }) => [
    `Gives ${translatesAll ? "all names" : "names without IPv6 addresses"} IPv6 addresses in ${formatPrefix(prefix)} that lead to their IPv4 addresses through a NAT64.`,
    `Does so for clients that ask over ${allowsIPv4 ? "IPv6 or IPv4" : "IPv6"}.`,
  ],

  start({ prefix, translatesAll, allowsIPv4 }, { instruments }) {
    const translated = instruments.counter(
      "coredns_dns64_requests_translated_total",
      "Queries answered with translated addresses.",
      ["server"],
    );
    return {
      answersAlike: true,
      handle(query, next) {
        const { type, class: questionClass } = query.question;
        if (type !== typeCodes.AAAA || questionClass !== classCodes.IN) return next(query);
        // Whether there is something to translate for this client; and what is translated is counted.
        query.provenance?.isForThisQueryOnly();
        if (!allowsIPv4 && isIPv4(plainAddress(query.client.address))) return next(query);
        return andThen(next(query), outcome => {
          if (outcome.kind !== "reply" || !isToTranslate(outcome, translatesAll)) return outcome;
          return translate(query, outcome, prefix, translated);
        });
      },
    };
  },
});

/** RFC 6147 §5.1.1, §5.1.2: a name that does not exist has no addresses either; any other failure may be of this type alone. */
function isToTranslate({ message }: Reply, translatesAll: boolean): boolean {
  if (message.rcode === rcodes.NXDOMAIN) return false;
  return translatesAll || !message.answers.some(({ data }) => data.type === "AAAA");
}

/** RFC 6147 §5.1.7: without an SOA that says how long the absence of AAAA may be believed. */
const ttlWithoutSoaSeconds = 600;

function translate(
  query: Query,
  original: Reply,
  prefix: Prefix,
  translated: CounterOf<"server">,
): Reply | Promise<Reply> {
  return andThen(query.lookup({ ...query.question, type: typeCodes.A }), found => {
    if (found.kind !== "reply") return original;
    const soa = original.message.authorities.find(({ data }) => data.type === "SOA");
    const mostSeconds = soa?.ttlSeconds ?? ttlWithoutSoaSeconds;
    const { answers, authorities, additionals, rcode, isTruncated } = found.message;
    translated.inc({ server: query.server });
    return replyTo(query.message, {
      plugin: "dns64",
      rcode,
      isTruncated,
      isAuthoritative: false,
      isFromUpstream: found.isFromUpstream,
      reason: found.reason,
      answers: answers.map(record => translateRecord(record, prefix, mostSeconds)),
      authorities,
      additionals,
    });
  });
}

function translateRecord(record: ResourceRecord, prefix: Prefix, mostSeconds: number): ResourceRecord {
  if (record.data.type !== "A") return record;
  return {
    ...record,
    ttlSeconds: Math.min(record.ttlSeconds, mostSeconds),
    data: { type: "AAAA", address: embed(record.data.address, prefix) },
  };
}

/** RFC 6052 §2.2: the four octets follow the prefix, except that octet 8 stays zero. */
function embed(address: string, { bytes, length }: Prefix): string {
  const embedded = Uint8Array.from(bytes);
  let at = length / 8;
  for (const octet of addressToBytes(address)) {
    if (at === 8) at += 1;
    embedded[at] = octet;
    at += 1;
  }
  return bytesToAddress(embedded);
}

function readPrefix(word: Word, reading: Reading): Prefix | undefined {
  const { address = "", prefixLength: length = 0 } = parseNetwork(word.text) ?? {};
  if (!isIPv6(address) || length % 8 !== 0 || length < 32 || length > 96) {
    reading.wrongValue(
      word,
      `"${word.text}" is not a prefix for IPv4 addresses`,
      "write an IPv6 network with 32, 40, 48, 56, 64 or 96 bits, such as 64:ff9b::/96",
    );
    return undefined;
  }
  const bytes = addressToBytes(address).fill(0, length / 8);
  const isWellKnown = Buffer.from(bytes).equals(wellKnownPrefix.bytes);
  if ((isWellKnown && length !== wellKnownPrefix.length) || bytes[8] !== 0) {
    reading.report(
      "COREFILE_RISKY",
      word.at,
      `${word.text} is not what RFC 6052 §2.2 allows, so a NAT64 may not know it`,
      "64:ff9b:: has 96 bits, and bits 64 to 71 of any prefix are zero",
    );
  }
  return { bytes, length };
}

function formatPrefix({ bytes, length }: Prefix): string {
  return `${bytesToAddress(bytes)}/${length}`;
}
