/** A reply of another server, passed on as it came. */

import { decodeMessage } from "../wire/decode.ts";
import type { EdnsOption, Message } from "../wire/message.ts";
import { optionCodes } from "../wire/message.ts";
import { layoutOf, type MessageLayout, uint16At } from "../wire/message-layout.ts";
import { isSameName } from "../wire/name.ts";
import {
  optSizeBytes,
  reorderData,
  setTtl,
  setUint16At,
  shuffledAddresses,
  spellQuestion,
  writeOpt,
} from "../wire/patch-message.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { WireError } from "../wire/wire-error.ts";
import { maxMessageSizeBytes } from "../wire/writer.ts";
import type { Reason } from "../zone/reason.ts";
import type { Reply, ReplyChanges } from "./outcome.ts";
import { replyTo, withReplyMessage } from "./records-reply.ts";
import { replyEdns } from "./reply-edns.ts";

export interface OctetsParts {
  readonly plugin: string;
  readonly reason?: Reason | undefined;
  /** Sent along with the extended errors that are in the octets. */
  readonly options?: readonly EdnsOption[];
}

/**
 * The reply in `octets`, which belong to it from now on and must not change. It is sent as it is but for id, opcode,
 * RD, CD, the letters of the question's name, TTLs, the order of addresses and the OPT record. Odd replies, and those
 * too large for the client, are decoded and encoded anew.
 *
 * Throws WireError: what `decodeMessage` throws, and NOT_A_REPLY for a query or another number of questions than one.
 */
export function octetsReply(octets: Uint8Array, parts: OctetsParts): Reply {
  const layout = layoutOf(octets);
  if (layout === undefined) return decodedReply(decodeMessage(octets), parts);
  const flags = uint16At(octets, 2);
  if ((flags & bits.isResponse) === 0) throw notAReply();
  const { plugin, reason, options = noOptions } = parts;
  const { optionsStart, optionsEnd } = layout;
  const own = optionsStart === optionsEnd ? options : [...options, ...extendedErrorsIn(octets, layout)];
  const changes = { flags: flags & bits.keptFlags, ttlSeconds: undefined, order: undefined };
  return new OctetsReply(octets, layout, { plugin, reason, options: own, ...changes });
}

export interface ReplyOctets {
  readonly octets: Uint8Array;
  readonly layout: MessageLayout;
  readonly rcode: number;
}

/** Of a whole reply that nobody has changed, for who would not have it decoded; undefined for all others. */
export function octetsOf(reply: Reply): ReplyOctets | undefined {
  return reply instanceof OctetsReply && reply.isWhole && !reply.isChanged ? reply : undefined;
}

/** Whether a reply kept as octets was given a TTL, which all of its records share. Costs nothing to ask. */
export function hasOneTtl(reply: Reply): boolean {
  return reply instanceof OctetsReply && reply.hasOneTtl;
}

export const noOptions: readonly EdnsOption[] = [];

/** RFC 1035 §4.1.1 and RFC 4035 §3, in the octets 2 and 3. */
const bits = {
  isResponse: 0x8000,
  isAuthoritative: 0x0400,
  isTruncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
  /** QR, AA, TC, RA, AD and the code: what does not come from the query. */
  keptFlags: 0x86af,
};

function decodedReply(message: Message, parts: OctetsParts): Reply {
  if (!message.isResponse || message.questions.length !== 1) throw notAReply();
  const errors = message.edns?.options.filter(({ code }) => code === optionCodes.EXTENDED_ERROR) ?? [];
  const options = [...(parts.options ?? noOptions), ...errors];
  return replyTo(message, { ...message, ...parts, options, isFromUpstream: true });
}

function notAReply(): WireError {
  return new WireError("NOT_A_REPLY", "a query, or a message with another number of questions than one");
}

function extendedErrorsIn(octets: Uint8Array, { optionsStart, optionsEnd }: MessageLayout): EdnsOption[] {
  const errors: EdnsOption[] = [];
  let at = optionsStart;
  while (at < optionsEnd) {
    const code = uint16At(octets, at);
    const end = at + 4 + uint16At(octets, at + 2);
    if (code === optionCodes.EXTENDED_ERROR)
      errors.push({ code, data: new Uint8Array(octets.subarray(at + 4, end)) });
    at = end;
  }
  return errors;
}

/** All but the octets. */
interface Circumstances {
  readonly plugin: string;
  readonly reason: Reason | undefined;
  readonly options: readonly EdnsOption[];
  /** `keptFlags` only. */
  readonly flags: number;
  /** Undefined: as the records say. */
  readonly ttlSeconds: number | undefined;
  /** Where the data of each record comes from; undefined: from that record. */
  readonly order: readonly number[] | undefined;
}

/** What is changed is remembered, and done to the copy that is sent. */
export class OctetsReply implements Reply {
  readonly octets: Uint8Array;
  readonly layout: MessageLayout;
  readonly #circumstances: Circumstances;
  #message: Message | undefined;

  constructor(octets: Uint8Array, layout: MessageLayout, circumstances: Circumstances) {
    this.octets = octets;
    this.layout = layout;
    this.#circumstances = circumstances;
  }

  get kind(): "reply" {
    return "reply";
  }

  get shuffles(): "data" {
    return "data";
  }

  get isFromUpstream(): true {
    return true;
  }

  get plugin(): string {
    return this.#circumstances.plugin;
  }

  get reason(): Reason | undefined {
    return this.#circumstances.reason;
  }

  get options(): readonly EdnsOption[] {
    return this.#circumstances.options;
  }

  /** Replies with more bits of it, in their OPT record, are not kept as octets. */
  get rcode(): number {
    return this.#circumstances.flags & 0xf;
  }

  get message(): Message {
    this.#message ??= decodeMessage(this.#changed(this.octets.length));
    return this.#message;
  }

  get hasOneTtl(): boolean {
    return this.#circumstances.ttlSeconds !== undefined;
  }

  get isWhole(): boolean {
    return (this.#circumstances.flags & bits.isTruncated) === 0;
  }

  get isChanged(): boolean {
    const { flags, ttlSeconds, order } = this.#circumstances;
    return (
      ttlSeconds !== undefined || order !== undefined || (uint16At(this.octets, 2) & bits.keptFlags) !== flags
    );
  }

  /** All but the OPT record; may be a part of a larger buffer. */
  octetsToKeep(): Uint8Array {
    const { recordsEnd, typesAt, authoritiesEnd, optionsEnd } = this.layout;
    if (optionsEnd === 0 && !this.isChanged) return this.octets.subarray(0, recordsEnd);
    const octets = this.#changed(recordsEnd);
    setUint16At(octets, 10, typesAt.length - authoritiesEnd);
    return octets;
  }

  with(changes: ReplyChanges): Reply {
    const before = this.#circumstances;
    const flags = changedFlags(before.flags, changes);
    const { ttlSeconds = before.ttlSeconds, reason = before.reason, options = before.options } = changes;
    const isSame = flags === before.flags && ttlSeconds === before.ttlSeconds;
    if (isSame && reason === before.reason && options === before.options) return this;
    return new OctetsReply(this.octets, this.layout, {
      plugin: before.plugin,
      reason,
      options,
      flags,
      ttlSeconds,
      order: before.order,
    });
  }

  shuffled(random: () => number): Reply {
    const order = shuffledAddresses(this.octets, this.layout, random, this.#circumstances.order);
    if (order === undefined) return this;
    return new OctetsReply(this.octets, this.layout, { ...this.#circumstances, order });
  }

  encode(query: Message, options: readonly EdnsOption[], maxSizeBytes: number): Uint8Array {
    return this.#encodeOctets(query, options, maxSizeBytes) ?? this.#encodeAnew(query, options, maxSizeBytes);
  }

  /** Undefined when that does not fit, or the query asks something else than the octets answer. */
  #encodeOctets(
    query: Message,
    options: readonly EdnsOption[],
    maxSizeBytes: number,
  ): Uint8Array | undefined {
    const layout = this.layout;
    const { recordsEnd, typesAt, questionEnd } = layout;
    const question = query.questions[0];
    const edns = replyEdns(query.edns, options);
    const sizeBytes = recordsEnd + optSizeBytes(edns);
    if (sizeBytes > Math.min(maxSizeBytes, maxMessageSizeBytes) || question === undefined) return undefined;
    const octets = this.#changed(sizeBytes);
    if (uint16At(octets, questionEnd - 4) !== question.type) return undefined;
    if (uint16At(octets, questionEnd - 2) !== question.class) return undefined;
    if (!spellQuestion(octets, layout, question.name)) return undefined;
    setUint16At(octets, 0, query.id);
    setUint16At(octets, 2, this.#circumstances.flags | flagsOf(query));
    setUint16At(octets, 10, typesAt.length - layout.authoritiesEnd + (edns === undefined ? 0 : 1));
    if (edns !== undefined) writeOpt(octets, recordsEnd, edns);
    return octets;
  }

  #encodeAnew(query: Message, options: readonly EdnsOption[], maxSizeBytes: number): Uint8Array {
    return withReplyMessage(this, spelledAs(query, this.message)).encode(query, options, maxSizeBytes);
  }

  /** A copy of `sizeBytes`, with or without the OPT record and what is behind it, and with all changes done. */
  #changed(sizeBytes: number): Uint8Array {
    const { flags, ttlSeconds, order } = this.#circumstances;
    const copy = Buffer.allocUnsafe(sizeBytes);
    const end = Math.min(sizeBytes, this.octets.length);
    copy.set(end === this.octets.length ? this.octets : this.octets.subarray(0, end));
    setUint16At(copy, 2, (uint16At(copy, 2) & ~bits.keptFlags) | flags);
    if (ttlSeconds !== undefined) setTtl(copy, this.layout, ttlSeconds);
    if (order !== undefined) reorderData(copy, this.layout, this.octets, order);
    return copy;
  }
}

/** Opcode, RD and CD come back as they were asked. */
function flagsOf({ opcode, recursionDesired, checkingDisabled }: Message): number {
  return (
    (opcode << 11) |
    (recursionDesired ? bits.recursionDesired : 0) |
    (checkingDisabled ? bits.checkingDisabled : 0)
  );
}

function changedFlags(flags: number, changes: ReplyChanges): number {
  const { isAuthoritative, recursionAvailable, authenticData } = changes;
  return withBit(
    withBit(
      withBit(flags, bits.isAuthoritative, isAuthoritative),
      bits.recursionAvailable,
      recursionAvailable,
    ),
    bits.authenticData,
    authenticData,
  );
}

function withBit(flags: number, bit: number, value: boolean | undefined): number {
  if (value === undefined) return flags;
  return value ? flags | bit : flags & ~bit;
}

/** The message with the query's spelling of the name asked for, in each owner that is that name. */
function spelledAs({ questions: [asked] }: Message, message: Message): Message {
  const name = message.questions[0]?.name ?? [];
  if (asked === undefined || !isSameName(asked.name, name)) return message;
  const spelled = (record: ResourceRecord): ResourceRecord =>
    isSameName(record.name, name) ? { ...record, name: asked.name } : record;
  return {
    ...message,
    answers: message.answers.map(spelled),
    authorities: message.authorities.map(spelled),
    additionals: message.additionals.map(spelled),
  };
}
