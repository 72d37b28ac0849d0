/** What templates can say about a query, and what of it is known when a Corefile is read. */

import { formatName } from "../../wire/name.ts";
import type { Query } from "../query.ts";
import type { Shape } from "./go-template/check.ts";
import type { Value } from "./go-template/value.ts";
import { Struct } from "./go-template/value.ts";

/** What a stanza found in a query. */
export interface TemplateMatch {
  readonly query: Query;
  /** The name asked for, in lower case. */
  readonly name: string;
  readonly zone: string;
  readonly type: string;
  readonly class: string;
  /** The pattern that matched first. */
  readonly pattern: string;
  /** The whole match and its groups. */
  readonly groups: readonly string[];
  readonly groupNumbers: ReadonlyMap<string, number>;
}

export function dataOf(match: TemplateMatch): Struct {
  const { query, groups } = match;
  const { message, client } = query;
  const questions = message.questions.map(
    ({ name, type, class: questionClass }) =>
      new Struct({
        Name: () => formatName(name),
        Qtype: () => BigInt(type),
        Qclass: () => BigInt(questionClass),
      }),
  );
  return new Struct({
    Zone: () => match.zone,
    Name: () => match.name,
    Regex: () => match.pattern,
    Match: () => groups,
    Group: () => groupMap(match),
    Class: () => match.class,
    Type: () => match.type,
    Remote: () => client.address,
    // Of `var`, which is not offered.
    Var: () => new Map(),
    Meta: () => label => query.metadata?.get(label)?.() ?? "",
    Question: () => questions[0],
    Message: () =>
      new Struct({
        Id: () => BigInt(message.id),
        Response: () => message.isResponse,
        Opcode: () => BigInt(message.opcode),
        Authoritative: () => message.isAuthoritative,
        Truncated: () => message.isTruncated,
        RecursionDesired: () => message.recursionDesired,
        RecursionAvailable: () => message.recursionAvailable,
        AuthenticatedData: () => message.authenticData,
        CheckingDisabled: () => message.checkingDisabled,
        Rcode: () => BigInt(message.rcode),
        Question: () => questions,
      }),
  });
}

/** By number and, where it has one, by name. */
function groupMap({ groups, groupNumbers }: TemplateMatch): ReadonlyMap<string, Value> {
  const map = new Map(groups.map((text, number) => [String(number), text]));
  for (const [name, number] of groupNumbers) map.set(name, groups[number] ?? "");
  return map;
}

const text: Shape = { kind: "text" };
const unknown: Shape = { kind: "unknown" };
const question: Shape = {
  kind: "structure",
  fields: { Name: text, Qtype: unknown, Qclass: unknown },
  isWhole: false,
};
const message: Shape = {
  kind: "structure",
  isWhole: false,
  fields: {
    Id: unknown,
    Response: unknown,
    Opcode: unknown,
    Authoritative: unknown,
    Truncated: unknown,
    RecursionDesired: unknown,
    RecursionAvailable: unknown,
    AuthenticatedData: unknown,
    CheckingDisabled: unknown,
    Rcode: unknown,
    Question: { kind: "list" },
  },
};

/** `groupNames`: of all patterns of the stanza, numbers included. */
export function dataShape(groupNames: ReadonlySet<string>): Shape {
  return {
    kind: "structure",
    isWhole: true,
    fields: {
      Zone: text,
      Name: text,
      Regex: text,
      Match: { kind: "list" },
      Group: { kind: "map", keys: groupNames },
      Class: text,
      Type: text,
      Remote: text,
      Var: unknown,
      Meta: { kind: "method" },
      Question: question,
      Message: message,
    },
  };
}
