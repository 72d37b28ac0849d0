/** Answers that are ready to be sent, in front of everything that makes objects of a query. */

import type { Client } from "../plugins/query.ts";

/** A datagram's sender, for those who want to know; one object for all datagrams, valid during the call only. */
export interface Arrival {
  client(): Client;
}

/** Room that a shortcut may need for a reply. */
export const maxShortcutOctets = 4096;

/** Answers a query without making objects, where the answer is known. */
export interface Shortcut {
  /**
   * Octets `start` to `end` of `query` are one datagram. Writes the whole reply to `out` from `outStart` on and gives
   * its size in octets; 0: it has to go the long way (`Respond`). `out` has room for `maxShortcutOctets` from
   * `outStart`, and is another buffer than `query` or another part of it.
   */
  answer(query: Buffer, start: number, end: number, out: Buffer, outStart: number, arrival: Arrival): number;
}
