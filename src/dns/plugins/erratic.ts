/** Corefile word `erratic`: a server that drops, delays and cuts its answers, to try clients on. */

import type { Reading } from "../corefile/reading.ts";
import type { Directive } from "../corefile/syntax.ts";
import type { Message } from "../wire/message.ts";
import { rcodes } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";
import type { RecordData, ResourceRecord } from "../wire/record.ts";
import { classCodes, typeCodes } from "../wire/record.ts";
import type { Outcome } from "./outcome.ts";
import { failure } from "./outcome.ts";
import { definePlugin } from "./plugin.ts";
import type { Query } from "./query.ts";
import { replyTo } from "./records-reply.ts";

/** One query of every so many; 0 for none. */
interface ErraticConfig {
  readonly drop: number;
  readonly truncate: number;
  readonly delay: number;
  readonly delayMs: number;
  /** 30 records in an answer instead of one. */
  readonly isLarge: boolean;
}

const usualEvery = 2;

export const erratic = definePlugin<ErraticConfig>({
  name: "erratic",

  read(stanzas, reading) {
    const config: { -readonly [Key in keyof ErraticConfig]?: ErraticConfig[Key] } = {};
    for (const stanza of stanzas) {
      reading.ignores(stanza.args, stanza.name);
      reading.options(stanza, {
        drop(option) {
          config.drop = readEvery(option, reading, 1);
        },
        truncate(option) {
          config.truncate = readEvery(option, reading, 1);
        },
        delay(option) {
          config.delay = readEvery(option, reading, 2);
          const [, duration] = option.args;
          if (duration !== undefined) config.delayMs = reading.durationMs(duration, -Infinity) ?? 0;
        },
        large(option) {
          config.isLarge = reading.hasArguments(option, 0);
        },
      });
    }
    const { truncate = 0, delay = 0, delayMs = 100, isLarge = false } = config;
    // A bare `erratic` has to do something.
    const { drop = truncate + delay > 0 ? 0 : usualEvery } = config;
    return { drop, truncate, delay, delayMs, isLarge };
  },

  explain: ({ drop, truncate, delay, delayMs, isLarge }) => [
    `Answers every A and AAAA question with a made-up address${isLarge ? ", 30 times" : ""}, and no other.`,
    ...explainEvery("Drops", drop, ""),
    ...explainEvery("Truncates", truncate, ""),
    ...explainEvery("Delays", delay, ` for ${delayMs} ms`),
  ],

  start(config) {
    let count = 0;
    const delayed = new Map<NodeJS.Timeout, () => void>();
    const isTurn = (every: number) => every > 0 && count % every === 0;
    return {
      handle(query) {
        const [drops, truncates, delays] = [config.drop, config.truncate, config.delay].map(isTurn);
        count += 1;
        if (drops) return { kind: "drop" };
        const outcome = answer(query, truncates === true, config.isLarge);
        if (!delays) return outcome;
        return new Promise(resolve => {
          const send = () => {
            delayed.delete(timer);
            resolve(outcome);
          };
          const timer = setTimeout(send, config.delayMs).unref();
          delayed.set(timer, send);
        });
      },
      // Flips, so that whoever watches readiness sees both.
      notReady: () => (count >= 3 && count < 5 ? [] : ["erratic is ready after 3 queries, for 2 queries"]),
      close() {
        for (const [timer, send] of delayed) {
          clearTimeout(timer);
          send();
        }
      },
    };
  },
});

function readEvery(option: Directive, reading: Reading, mostArguments: number): number {
  const [amount] = option.args;
  if (!reading.hasArguments(option, 0, mostArguments) || amount === undefined) return usualEvery;
  return reading.integer(amount, 0, 2 ** 31 - 1) ?? usualEvery;
}

function explainEvery(what: string, every: number, how: string): readonly string[] {
  return every === 0 ? [] : [`${what} one query of every ${every}${how}.`];
}

function answer(query: Query, isTruncated: boolean, isLarge: boolean): Outcome {
  const { name, type } = query.question;
  const reply = (answers: readonly ResourceRecord[]) =>
    replyTo(query.message, { plugin: "erratic", isTruncated, answers });
  switch (type) {
    case typeCodes.A:
      return reply(Array(isLarge ? 30 : 1).fill(record(name, { type: "A", address: "192.0.2.53" })));
    case typeCodes.AAAA:
      return reply([record(name, { type: "AAAA", address: "2001:db8::53" })]);
    case typeCodes.AXFR:
      if (query.client.protocol === "udp") return failure(rcodes.SERVFAIL);
      return {
        kind: "stream",
        plugin: "erratic",
        messages: [zoneTransfer(query.message, name, isTruncated)],
      };
    default:
      return failure(rcodes.SERVFAIL);
  }
}

/** Without the SOA record that ends it when it is cut. */
function zoneTransfer(query: Message, name: Name, isCut: boolean): Message {
  const start = record(name, {
    type: "SOA",
    primary: ["ns", ...name],
    mailbox: ["hostmaster", ...name],
    serial: 1,
    refreshSeconds: 7_200,
    retrySeconds: 3_600,
    expireSeconds: 1_209_600,
    minimumSeconds: 3_600,
  });
  const nameServer = record(name, { type: "NS", target: ["ns", ...name] });
  const address = record(["ns", ...name], { type: "AAAA", address: "2001:db8::53" });
  const answers = [start, nameServer, address, ...(isCut ? [] : [start])];
  return replyTo(query, { plugin: "erratic", answers }).message;
}

function record(name: Name, data: RecordData): ResourceRecord {
  return { name, class: classCodes.IN, ttlSeconds: 0, data };
}
