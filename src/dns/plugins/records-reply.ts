/** A reply made of records of our own. */

import { encodeMessage } from "../wire/encode.ts";
import type { EdnsOption, Message } from "../wire/message.ts";
import { rcodes } from "../wire/message.ts";
import type { ResourceRecord } from "../wire/record.ts";
import type { Reason } from "../zone/reason.ts";
import type { Reply, ReplyChanges } from "./outcome.ts";
import { replyEdns } from "./reply-edns.ts";
import { shuffleAddresses } from "./shuffle-addresses.ts";

/** Parts of a reply; what is left out is empty, NOERROR, authoritative, without recursion. */
export interface ReplyParts {
  readonly plugin: string;
  readonly rcode?: number;
  readonly isAuthoritative?: boolean;
  readonly isTruncated?: boolean;
  readonly recursionAvailable?: boolean;
  readonly authenticData?: boolean;
  readonly answers?: readonly ResourceRecord[];
  readonly authorities?: readonly ResourceRecord[];
  readonly additionals?: readonly ResourceRecord[];
  readonly reason?: Reason | undefined;
  readonly options?: readonly EdnsOption[];
  readonly isFromUpstream?: boolean;
}

/** A reply to `query`, whose id, opcode, question, RD and CD it takes over. */
export function replyTo(query: Message, parts: ReplyParts): Reply {
  const message: Message = {
    id: query.id,
    isResponse: true,
    opcode: query.opcode,
    isAuthoritative: parts.isAuthoritative ?? true,
    isTruncated: parts.isTruncated ?? false,
    recursionDesired: query.recursionDesired,
    recursionAvailable: parts.recursionAvailable ?? false,
    authenticData: parts.authenticData ?? false,
    checkingDisabled: query.checkingDisabled,
    rcode: parts.rcode ?? rcodes.NOERROR,
    questions: query.questions,
    answers: parts.answers ?? [],
    authorities: parts.authorities ?? [],
    additionals: parts.additionals ?? [],
    edns: undefined,
  };
  const { plugin, reason, options = [], isFromUpstream = false } = parts;
  return new RecordsReply(message, { plugin, reason, options, isFromUpstream });
}

/** The same reply with other records or codes: for plugins that change what inner ones said. */
export function withReplyMessage(reply: Reply, message: Message): Reply {
  return new RecordsReply(message, reply);
}

type Circumstances = Pick<Reply, "plugin" | "reason" | "options" | "isFromUpstream">;

class RecordsReply implements Reply {
  readonly kind = "reply";
  readonly shuffles = "records";
  readonly plugin: string;
  readonly isFromUpstream: boolean;
  readonly reason: Reason | undefined;
  readonly options: readonly EdnsOption[];
  readonly message: Message;

  constructor(message: Message, { plugin, reason, options, isFromUpstream }: Circumstances) {
    this.message = message;
    this.plugin = plugin;
    this.reason = reason;
    this.options = options;
    this.isFromUpstream = isFromUpstream;
  }

  get rcode(): number {
    return this.message.rcode;
  }

  with({ ttlSeconds, reason = this.reason, options = this.options, ...flags }: ReplyChanges): Reply {
    const { message } = this;
    const dated = ttlSeconds === undefined ? message : withTtl(message, ttlSeconds);
    return new RecordsReply({ ...dated, ...flags }, { ...this.#circumstances, reason, options });
  }

  shuffled(random: () => number): Reply {
    const { message } = this;
    const answers = shuffleAddresses(message.answers, random);
    const additionals = shuffleAddresses(message.additionals, random);
    if (answers === message.answers && additionals === message.additionals) return this;
    return new RecordsReply({ ...message, answers, additionals }, this.#circumstances);
  }

  encode(query: Message, options: readonly EdnsOption[], maxSizeBytes: number): Uint8Array {
    const { id, opcode, questions, recursionDesired, checkingDisabled } = query;
    const edns = replyEdns(query.edns, options);
    // Codes above 15 are said in the OPT record; a client without EDNS has to be told something it can read.
    const rcode = edns === undefined && this.message.rcode > 15 ? rcodes.SERVFAIL : this.message.rcode;
    const { message } = this;
    // Field by field: to spread a message takes as long as to encode one.
    const sent: Message = {
      id,
      isResponse: message.isResponse,
      opcode,
      isAuthoritative: message.isAuthoritative,
      isTruncated: message.isTruncated,
      recursionDesired,
      recursionAvailable: message.recursionAvailable,
      authenticData: message.authenticData,
      checkingDisabled,
      rcode,
      questions,
      answers: message.answers,
      authorities: message.authorities,
      additionals: message.additionals,
      edns,
    };
    return encodeMessage(sent, maxSizeBytes);
  }

  get #circumstances(): Circumstances {
    const { plugin, reason, options, isFromUpstream } = this;
    return { plugin, reason, options, isFromUpstream };
  }
}

function withTtl(message: Message, ttlSeconds: number): Message {
  const dated = (record: ResourceRecord): ResourceRecord => ({ ...record, ttlSeconds });
  return {
    ...message,
    answers: message.answers.map(dated),
    authorities: message.authorities.map(dated),
    additionals: message.additionals.map(dated),
  };
}
