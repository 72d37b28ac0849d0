import type { Edns, EdnsOption } from "../wire/message.ts";

/** RFC 6891 §6.1.1: an OPT record exactly when the query had one. The client's size is echoed, as CoreDNS does. */
export function replyEdns(asked: Edns | undefined, options: readonly EdnsOption[]): Edns | undefined {
  if (asked === undefined) return undefined;
  const { udpPayloadSizeBytes, isDnssecOk } = asked;
  return { udpPayloadSizeBytes, version: 0, isDnssecOk, options };
}
