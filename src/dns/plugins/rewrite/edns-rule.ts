/**
 * `edns0 local|nsid|subnet set|append|replace|unset …`: EDNS options (RFC 6891) of the query on its way to other servers.
 * As in CoreDNS a local option also goes into replies of our own, unless the rule ends with `revert`.
 */

import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { Edns, EdnsOption } from "../../wire/message.ts";
import { optionCodes } from "../../wire/message.ts";
import type { Query } from "../query.ts";
import { withMessage } from "../query.ts";
import type { OptionValue } from "./edns-value.ts";
import { octetsOf, readOptionValue } from "./edns-value.ts";
import type { ReplyRule, RuleBody } from "./rule.ts";

const actions = ["set", "append", "replace", "unset"] as const;
type Action = (typeof actions)[number];

export function readEdnsRule(field: Word, args: readonly Word[], reading: Reading): RuleBody | undefined {
  const [kindWord, actionWord, ...rest] = args;
  if (kindWord === undefined || actionWord === undefined) {
    reading.report(
      "COREFILE_ARGUMENTS",
      field.at,
      "an edns0 rule needs an option and an action",
      "write such as edns0 local set 0xffee {client_ip}",
    );
    return undefined;
  }
  const kind = reading.choice(lower(kindWord), ["local", "nsid", "subnet"]);
  const action = reading.choice(lower(actionWord), actions);
  if (kind === undefined || action === undefined) return undefined;
  const isReverted = action !== "unset" && rest.at(-1)?.text === "revert";
  const words = isReverted ? rest.slice(0, -1) : rest;
  const directive: Directive = { name: actionWord, args: words, block: undefined };
  const count = { local: action === "unset" ? 1 : 2, nsid: 0, subnet: action === "unset" ? 0 : 2 }[kind];
  if (!reading.hasArguments(directive, count)) return undefined;
  const option = readOption[kind](words, reading);
  return option === undefined ? undefined : ednsRule(action, option, kind === "local" && !isReverted);
}

interface OptionSource {
  readonly code: number;
  readonly description: string;
  /** Undefined where there is nothing to say about the query. */
  readonly data: OptionValue;
}

const noData = new Uint8Array();

const readOption: Readonly<
  Record<"local" | "nsid" | "subnet", (words: readonly Word[], reading: Reading) => OptionSource | undefined>
> = {
  local([codeWord, valueWord], reading) {
    const code = codeWord === undefined ? undefined : readCode(codeWord, reading);
    const data = valueWord === undefined ? () => noData : readOptionValue(valueWord, reading);
    if (code === undefined || data === undefined) return undefined;
    return { code, data, description: `option ${codeWord?.text}` };
  },
  nsid: () => ({ code: optionCodes.NSID, description: "the NSID option", data: () => noData }),
  subnet([bits4Word, bits6Word], reading) {
    const bits4 = bits4Word === undefined ? 0 : reading.integer(bits4Word, 0, 32);
    const bits6 = bits6Word === undefined ? 0 : reading.integer(bits6Word, 0, 128);
    if (bits4 === undefined || bits6 === undefined) return undefined;
    return {
      code: optionCodes.CLIENT_SUBNET,
      description: "the client subnet option",
      data: query => clientSubnet(query, bits4, bits6),
    };
  },
};

function ednsRule(
  action: Action,
  { code, description, data }: OptionSource,
  isToldClient: boolean,
): RuleBody {
  const told = (value: Uint8Array | undefined): readonly ReplyRule[] =>
    isToldClient ? [{ kind: "option", code, data: value }] : [];
  return {
    explanation: `${action}s ${description} of EDNS`,
    apply(query) {
      const edns = query.message.edns ?? emptyEdns;
      const others = edns.options.filter(option => option.code !== code);
      const isThere = others.length < edns.options.length;
      if (action === "unset") return { query: withOptions(query, edns, others), replyRules: told(undefined) };
      if ((action === "append" && isThere) || (action === "replace" && !isThere)) return undefined;
      const value = data(query);
      if (value === undefined) return undefined;
      const options = [...others, { code, data: value }];
      return { query: withOptions(query, edns, options), replyRules: told(value) };
    },
  };
}

/** For queries without EDNS; the size is CoreDNS's. */
const emptyEdns: Edns = { udpPayloadSizeBytes: 4096, version: 0, isDnssecOk: false, options: [] };

function withOptions(query: Query, edns: Edns, options: readonly EdnsOption[]): Query {
  return withMessage(query, { ...query.message, edns: { ...edns, options } });
}

/** RFC 7871 §6: family, length of the prefix, zero, and as many octets of the address as the prefix has begun. */
function clientSubnet({ client }: Query, bits4: number, bits6: number): Uint8Array {
  const address = octetsOf(client.address);
  const [family, bits] = address.length === 4 ? [1, bits4] : [2, bits6];
  const network = address.slice(0, Math.ceil(bits / 8));
  const surplusBits = network.length * 8 - bits;
  if (surplusBits > 0) network[network.length - 1] = ((network.at(-1) ?? 0) >> surplusBits) << surplusBits;
  return Uint8Array.of(0, family, bits, 0, ...network);
}

/** Decimal, or hexadecimal, octal and binary with 0x, 0o and 0b. */
function readCode(word: Word, reading: Reading): number | undefined {
  const text = word.text.replaceAll("_", "");
  const code = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
  if (/^[0-9]/.test(text) && Number.isInteger(code) && code <= 0xffff) return code;
  reading.wrongValue(word, `"${word.text}" is no code of an EDNS option`, "write a number such as 0xffee");
  return undefined;
}

function lower(word: Word): Word {
  return { ...word, text: word.text.toLowerCase() };
}
