/** What clients are told about answers that are not fresh (RFC 8914 §4.4, §4.14, §4.20). */

import { rcodeName, rcodes } from "../../wire/message.ts";
import { formatName } from "../../wire/name.ts";
import { because, type Reason } from "../../zone/reason.ts";
import type { Query } from "../query.ts";
import type { Entry } from "./answer-store.ts";

export function whyStale({ name }: Query, { rcode, expiresAtMs }: Entry, nowMs: number): Reason {
  const ageSeconds = Math.floor((nowMs - expiresAtMs) / 1000);
  return because(
    rcode === rcodes.NXDOMAIN ? "stale-nxdomain" : "stale-answer",
    `what the upstream said of ${formatName(name)} expired ${ageSeconds} s ago, and there is nothing newer`,
  );
}

export function whyCachedError({ name }: Query, { rcode, expiresAtMs }: Entry, nowMs: number): Reason {
  const leftSeconds = Math.ceil((expiresAtMs - nowMs) / 1000);
  return because(
    "cached-error",
    `the upstream said ${rcodeName(rcode)} to ${formatName(name)}; it is asked again in ${leftSeconds} s`,
  );
}
