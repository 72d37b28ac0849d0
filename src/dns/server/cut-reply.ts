/** Replies with more addresses than their client takes: which of them are left depends on the order they are in. */

import type { Reply } from "../plugins/outcome.ts";
import type { Query } from "../plugins/query.ts";
import { headerSizeBytes } from "../wire/message.ts";
import { layoutOf, type MessageLayout, uint16At } from "../wire/message-layout.ts";
import { replyBytes } from "./reply-bytes.ts";
import { maxShortcutOctets } from "./shortcut.ts";

/** What is left out, from octet to octet: the last records, whatever they are by then. */
export interface Cut {
  readonly start: number;
  readonly end: number;
}

interface UncutReply {
  /** The header of the reply that is sent, and all records. */
  readonly octets: Uint8Array;
  readonly layout: MessageLayout;
  readonly cut: Cut;
}

/** RFC 1035 §4.1.1, in octets 2 and 3. */
const truncated = 0x0200;

export function isTruncated(response: Uint8Array): boolean {
  return (uint16At(response, 2) & truncated) !== 0;
}

/**
 * The reply that `response` was cut from. Undefined when it is too large, too, or was cut in another way than from a
 * record to the last.
 */
export function uncutReply(
  { message, client }: Query,
  outcome: Reply,
  response: Uint8Array,
): UncutReply | undefined {
  const whole = replyBytes(message, { ...client, protocol: "tcp" }, outcome) as Uint8Array;
  const [layout, cutLayout] = [layoutOf(whole), layoutOf(response)];
  if (whole.length > maxShortcutOctets || isTruncated(whole)) return undefined;
  if (layout === undefined || cutLayout === undefined) return undefined;
  const cut = { start: cutLayout.recordsEnd, end: layout.recordsEnd };
  const octets = Buffer.concat([response.subarray(0, headerSizeBytes), whole.subarray(headerSizeBytes)]);
  const isCutSo = Buffer.concat([octets.subarray(0, cut.start), octets.subarray(cut.end)]).equals(response);
  return isCutSo ? { octets, layout, cut } : undefined;
}
