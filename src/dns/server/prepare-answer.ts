/** A reply that was just made becomes one that can be sent again, where what it was made from allows it. */

import type { Reply } from "../plugins/outcome.ts";
import type { Exchange, Tally } from "../plugins/plugin.ts";
import type { Provenance } from "../plugins/provenance.ts";
import { headerSizeBytes } from "../wire/message.ts";
import {
  dataLengthOffset,
  dataOffset,
  layoutOf,
  type MessageLayout,
  uint16At,
} from "../wire/message-layout.ts";
import { typeCodes } from "../wire/record.ts";
import type { PlainQuery } from "./plain-query.ts";
import { lowerOctets, typeAndClassBytes } from "./plain-query.ts";
import { PreparedAnswer } from "./prepared-answer.ts";
import type { Listening, Site } from "./router.ts";
import { maxShortcutOctets } from "./shortcut.ts";
import { type ShuffleRun, shuffleRunsOf } from "./shuffle-run.ts";

/** RFC 1035 §4.1.1. */
const truncated = 0x0200;

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
  const isCut = (uint16At(response, 2) & truncated) !== 0;
  // Another spelling may have other names in its reply, and what was cut depends on the order of the addresses.
  if (query.hasCapitals && !provenance.isOfAnySpelling) return undefined;
  if (isCut && provenance.isShuffled) return undefined;
  const layout = layoutOf(response);
  if (layout === undefined || layout.questionEnd !== query.questionEnd) return undefined;
  const shuffles = provenance.isShuffled ? shuffleRunsOf(response, layout, outcome.shuffles) : noRuns;
  const serialAt = provenance.serialNow === undefined ? 0 : serialIn(response, layout);
  if (shuffles === undefined || serialAt === undefined) return undefined;
  const { tallies, hearers } = listenersOf(site, exchange);
  return new PreparedAnswer(query, {
    octets: inLowerCase(response, query.questionEnd),
    ...{ provenance, shuffles, serialAt, tallies, hearers, rcode },
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
