/** What a cache has to know of a reply: how long it is good for, and for whom. */

import type { Message, Question } from "../../wire/message.ts";
import { headerSizeBytes, rcodes } from "../../wire/message.ts";
import { dataOffset, type MessageLayout, ttlOffset, uint16At, uint32At } from "../../wire/message-layout.ts";
import { isSameName } from "../../wire/name.ts";
import { isNameAt } from "../../wire/patch-message.ts";
import { acceptedTtl, typeCodes } from "../../wire/record.ts";
import { octetsOf, type ReplyOctets } from "../octets-reply.ts";
import type { Reply } from "../outcome.ts";
import { isCacheable, kindOf, lowestTtlSeconds, type ResponseKind, saysHowLong } from "./response-kind.ts";

export interface ReplyFacts {
  readonly kind: ResponseKind;
  /** Of all records; undefined without any. */
  readonly lowestTtlSeconds: number | undefined;
  /** Whether it has the SOA that says how long a denial holds. */
  readonly saysHowLong: boolean;
  /** Whether it may be given to others who ask the same. */
  readonly isCacheable: boolean;
  /** Whether it is one to the question. */
  readonly isToQuestion: boolean;
}

export function factsOf(message: Message, question: Question): ReplyFacts {
  const kind = kindOf(message, question);
  return {
    kind,
    lowestTtlSeconds: lowestTtlSeconds(message),
    saysHowLong: saysHowLong(message),
    isCacheable: isCacheable(message, kind, question),
    isToQuestion: isReplyTo(message, question),
  };
}

function isReplyTo({ questions: [answered] }: Message, question: Question): boolean {
  return (
    answered !== undefined &&
    answered.type === question.type &&
    answered.class === question.class &&
    isSameName(answered.name, question.name)
  );
}

/**
 * The same of what nearly all replies are, found without decoding them: records of the type asked for under the very
 * name asked for, or nothing but an SOA. Undefined for all others.
 */
export function plainFactsOf(reply: Reply, question: Question): ReplyFacts | undefined {
  const plain = octetsOf(reply);
  if (plain === undefined || isMeta.has(question.type) || !isToQuestion(plain, question)) return undefined;
  if (isAnswer(plain, question)) return plainFacts("answer", plain);
  return isDenial(plain) ? plainFacts("denial", plain) : undefined;
}

/** Types that no record has. */
const isMeta: ReadonlySet<number> = new Set([typeCodes.ANY, typeCodes.AXFR, typeCodes.IXFR]);

function isToQuestion({ octets, layout }: ReplyOctets, question: Question): boolean {
  const { questionEnd } = layout;
  return (
    uint16At(octets, questionEnd - 4) === question.type &&
    uint16At(octets, questionEnd - 2) === question.class &&
    isNameAt(octets, headerSizeBytes, question.name)
  );
}

function isAnswer({ octets, layout, rcode }: ReplyOctets, { type, class: ofClass }: Question): boolean {
  const { typesAt, answersEnd, questionEnd } = layout;
  if (rcode !== rcodes.NOERROR || typesAt.length === 0 || answersEnd < typesAt.length) return false;
  let ownerAt = questionEnd;
  for (let index = 0; index < typesAt.length; index++) {
    const typeAt = typesAt[index] as number;
    if (uint16At(octets, ownerAt) !== pointerToQuestion) return false;
    if (uint16At(octets, typeAt) !== type || uint16At(octets, typeAt + 2) !== ofClass) return false;
    ownerAt = typeAt + dataOffset + uint16At(octets, typeAt + dataOffset - 2);
  }
  return true;
}

const pointerToQuestion = 0xc000 | headerSizeBytes;

function isDenial({ octets, layout, rcode }: ReplyOctets): boolean {
  const { typesAt, answersEnd, authoritiesEnd } = layout;
  if (rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN) return false;
  if (answersEnd !== 0 || authoritiesEnd !== 1 || typesAt.length !== 1) return false;
  return uint16At(octets, typesAt[0] as number) === typeCodes.SOA;
}

function plainFacts(kind: "answer" | "denial", { octets, layout }: ReplyOctets): ReplyFacts {
  const lowest = lowestTtlIn(octets, layout);
  return {
    kind,
    lowestTtlSeconds: lowest,
    saysHowLong: kind === "denial",
    isCacheable: true,
    isToQuestion: true,
  };
}

function lowestTtlIn(octets: Uint8Array, { typesAt }: MessageLayout): number {
  let lowest = Infinity;
  for (let index = 0; index < typesAt.length; index++) {
    const ttlSeconds = uint32At(octets, (typesAt[index] as number) + ttlOffset);
    lowest = Math.min(lowest, acceptedTtl(ttlSeconds));
  }
  return lowest;
}
