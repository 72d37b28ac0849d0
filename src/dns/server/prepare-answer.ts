/** A reply that was just made becomes one that can be sent again, where what it was made from allows it. */

import type { Reply } from "../plugins/outcome.ts";
import type { Exchange, Tally } from "../plugins/plugin.ts";
import { type Provenance, ttlSecondsAt } from "../plugins/provenance.ts";
import { headerSizeBytes } from "../wire/message.ts";
import {
  dataLengthOffset,
  dataOffset,
  layoutOf,
  type MessageLayout,
  ttlOffset,
  uint16At,
  uint32At,
} from "../wire/message-layout.ts";
import { typeCodes } from "../wire/record.ts";
import { isTruncated, uncutReply } from "./cut-reply.ts";
import type { PlainQuery } from "./plain-query.ts";
import { lowerOctets, typeAndClassBytes } from "./plain-query.ts";
import { PreparedAnswer } from "./prepared-answer.ts";
import type { Listening, Site } from "./router.ts";
import { maxShortcutOctets } from "./shortcut.ts";
import { type ShuffleRun, shuffleRunsOf } from "./shuffle-run.ts";

/**
 * `exchange` holds the reply with its addresses in the order in which the plugins left them. Undefined when it must not
 * or cannot be sent to others.
 */
export function prepareAnswer(
  query: PlainQuery,
  site: Site,
  exchange: Exchange & { readonly outcome: Reply; readonly response: Uint8Array },
  provenance: Provenance,
): PreparedAnswer | undefined {
  const { outcome, response, rcode } = exchange;
  if (!provenance.isRepeatable || response.length > maxShortcutOctets) return undefined;
  // Another spelling may have other names in its reply.
  if (query.hasCapitals && !provenance.isOfAnySpelling) return undefined;
  const isCutAnew = provenance.isShuffled && isTruncated(response);
  const uncut = isCutAnew ? uncutReply(exchange.query, outcome, response) : undefined;
  const { octets, layout } = uncut ?? { octets: response, layout: layoutOf(response) };
  if (layout === undefined || layout.questionEnd !== query.questionEnd) return undefined;
  if (isCutAnew && uncut === undefined) return undefined;
  const shuffles = provenance.isShuffled ? shuffleRunsOf(octets, layout, outcome.shuffles) : noRuns;
  const serialAt = provenance.serialNow === undefined ? 0 : serialIn(octets, layout);
  if (shuffles === undefined || serialAt === undefined) return undefined;
  const ttlsAt = countingTtls(octets, layout, provenance);
  const { tallies, hearers } = listenersOf(site, exchange);
  return new PreparedAnswer(query, {
    octets: inLowerCase(octets, query.questionEnd),
    ...{ provenance, cut: uncut?.cut, shuffles, serialAt, ttlsAt, tallies, hearers, rcode },
    first: hearers.length === 0 ? undefined : { query: exchange.query, outcome },
  });
}

const noRuns: readonly ShuffleRun[] = [];

/** Where the serial is; 0 without an SOA record, undefined when there are several. */
function serialIn(octets: Uint8Array, { typesAt }: MessageLayout): number | undefined {
  const [typeAt, ...others] = typesAt.filter(at => uint16At(octets, at) === typeCodes.SOA);
  if (typeAt === undefined) return 0;
  if (others.length > 0) return undefined;
  // The last five fields of RFC 1035 §3.3.13 have four octets each.
  return typeAt + dataOffset + uint16At(octets, typeAt + dataLengthOffset) - 20;
}

/** Where the TTLs are that count down, when all of them do; or else they stay as they are, for the rest of a second. */
function countingTtls(
  octets: Uint8Array,
  { typesAt }: MessageLayout,
  provenance: Provenance,
): readonly number[] {
  const { countdown } = provenance;
  if (countdown === undefined) return noPlaces;
  const seconds = ttlSecondsAt(countdown, countdown.beganAtMs);
  const ttlsAt = typesAt.map(typeAt => typeAt + ttlOffset);
  if (ttlsAt.every(at => uint32At(octets, at) === seconds)) return ttlsAt;
  provenance.changesEachSecond();
  return noPlaces;
}

const noPlaces: readonly number[] = [];

/** In Latin-1, with the question's name in lower case. */
function inLowerCase(response: Uint8Array, questionEnd: number): string {
  const octets = Buffer.from(response);
  for (let at = headerSizeBytes; at < questionEnd - typeAndClassBytes; at++) {
    octets[at] = lowerOctets[octets[at] as number] as number;
  }
  return octets.toString("latin1");
}

function listenersOf(
  { listeners }: Site,
  exchange: Exchange,
): { readonly tallies: readonly Tally[]; readonly hearers: readonly Listening[] } {
  const tallies = listeners.flatMap(layer => layer.tallyOf?.(exchange) ?? []);
  return { tallies, hearers: listeners.filter(({ tallyOf }) => tallyOf === undefined) };
}
