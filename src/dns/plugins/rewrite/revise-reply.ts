/** The rules that a query has met, applied to what comes back. */

import type { Message } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { formatName, parseName } from "../../wire/name.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import { chaseAlias } from "../chase-alias.ts";
import type { Outcome, Reply } from "../outcome.ts";
import type { Query } from "../query.ts";
import { withReplyMessage } from "../records-reply.ts";
import { changeDataName } from "./record-names.ts";
import type { ReplyRule, TextChange } from "./rule.ts";

/**
 * What the client gets for `query` when `inner`, the query the rules made of it, was answered with `outcome`: the last
 * rule first. Throws WireError where a name would become one that cannot be.
 */
export function reviseOutcome(
  outcome: Outcome,
  query: Query,
  inner: Query,
  rules: readonly ReplyRule[],
): Outcome | Promise<Outcome> {
  const { questions } = query.message;
  switch (outcome.kind) {
    case "reply": {
      if (rules.length === 0 && inner.message.questions === questions) return outcome;
      const restored = withReplyMessage(outcome, { ...outcome.message, questions });
      // What another server says in its options stays, as in CoreDNS.
      const told = outcome.isFromUpstream ? restored : withOptions(restored, rules);
      return reviseReply(told, inner, rules.toReversed());
    }
    case "stream": {
      const messages = outcome.messages;
      return { ...outcome, messages: { [Symbol.iterator]: () => reviseStream(messages, questions, rules) } };
    }
    case "failure":
      return { ...outcome, rcode: changeRcode(outcome.rcode, rules) };
    case "drop":
      return outcome;
  }
}

function reviseReply(
  reply: Reply,
  inner: Query,
  [rule, ...others]: readonly ReplyRule[],
): Reply | Promise<Reply> {
  if (rule === undefined) return reply;
  if (rule.kind === "cname") {
    const retargeted = retargetAlias(reply, inner, rule.retarget);
    if (retargeted instanceof Promise) return retargeted.then(next => reviseReply(next, inner, others));
    return reviseReply(retargeted, inner, others);
  }
  return reviseReply(withReplyMessage(reply, reviseMessage(reply.message, rule)), inner, others);
}

function* reviseStream(
  messages: Iterable<Message>,
  questions: Message["questions"],
  rules: readonly ReplyRule[],
): Generator<Message> {
  for (const message of messages) yield rules.reduceRight(reviseMessage, { ...message, questions });
}

function reviseMessage(message: Message, rule: ReplyRule): Message {
  if (rule.kind === "rcode") return { ...message, rcode: changeRcode(message.rcode, [rule]) };
  const change = recordChange(rule);
  if (change === undefined) return message;
  return {
    ...message,
    answers: message.answers.map(change),
    authorities: message.authorities.map(change),
    additionals: message.additionals.map(change),
  };
}

function changeRcode(rcode: number, rules: readonly ReplyRule[]): number {
  return rules.reduceRight(
    (current, rule) => (rule.kind === "rcode" && rule.from === current ? rule.to : current),
    rcode,
  );
}

function recordChange(rule: ReplyRule): ((record: ResourceRecord) => ResourceRecord) | undefined {
  switch (rule.kind) {
    case "name":
      return record => ({ ...record, name: changeName(record.name, rule.change) });
    case "value":
      return record => ({
        ...record,
        data: changeDataName(record.data, name => changeName(name, rule.change)),
      });
    case "ttl": {
      const { leastSeconds, mostSeconds } = rule;
      return record => ({
        ...record,
        ttlSeconds: Math.min(Math.max(record.ttlSeconds, leastSeconds), mostSeconds),
      });
    }
    default:
      return undefined;
  }
}

function changeName(name: Name, change: TextChange): Name {
  const text = formatName(name);
  const changed = change(text);
  return changed === text ? name : parseName(changed);
}

/** The last rule about an option wins: these are not undone, they say what is there. */
function withOptions(reply: Reply, rules: readonly ReplyRule[]): Reply {
  let { options } = reply;
  for (const rule of rules) {
    if (rule.kind !== "option") continue;
    const { code, data } = rule;
    const others = options.filter(option => option.code !== code);
    options = data === undefined ? others : [...others, { code, data }];
  }
  return options === reply.options ? reply : reply.with({ options });
}

/** The CNAMEs up to the one that leads elsewhere now, and what is there. */
function retargetAlias(
  reply: Reply,
  inner: Query,
  retarget: (target: Name) => Name | undefined,
): Reply | Promise<Reply> {
  const aliases: ResourceRecord[] = [];
  for (const record of reply.message.answers) {
    if (record.data.type !== "CNAME") continue;
    const target = retarget(record.data.target);
    aliases.push(target === undefined ? record : { ...record, data: { type: "CNAME", target } });
    if (target !== undefined) return followAlias(reply, inner, aliases, target);
  }
  return reply;
}

function followAlias(
  reply: Reply,
  inner: Query,
  aliases: readonly ResourceRecord[],
  target: Name,
): Reply | Promise<Reply> {
  const chased = chaseAlias(inner, target);
  const join = ({ answers, isTruncated }: Awaited<typeof chased>) =>
    withReplyMessage(reply, { ...reply.message, answers: [...aliases, ...answers], isTruncated });
  return chased instanceof Promise ? chased.then(join) : join(chased);
}
