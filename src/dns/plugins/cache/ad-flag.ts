/** The flag AD: upstreams are always asked for it, clients get it when they asked. */

import type { Reply, ReplyChanges } from "../outcome.ts";
import type { Query } from "../query.ts";
import { withMessage } from "../query.ts";

/** RFC 6840 §5.7: AD in a query says that the client understands it in the reply. */
export function wantsAd({ message }: Query): boolean {
  return message.authenticData || message.edns?.isDnssecOk === true;
}

export function adChange(query: Query): ReplyChanges {
  return wantsAd(query) ? keepsAd : clearsAd;
}

const keepsAd: ReplyChanges = {};
const clearsAd: ReplyChanges = { authenticData: false };

export function forClient(query: Query, reply: Reply): Reply {
  return wantsAd(query) ? reply : reply.with(clearsAd);
}

/** Asks the upstream for its AD, since the next client may want to know it. */
export function withAd(query: Query): Query {
  return wantsAd(query) ? query : withMessage(query, { ...query.message, authenticData: true });
}
