import type { Name } from "../wire/name.ts";
import type { ResourceRecord } from "../wire/record.ts";
import { readRecordEntry } from "./record-entry.ts";
import { ZoneTextError } from "./zone-text-error.ts";
import { readEntries } from "./zone-words.ts";

/**
 * Reads one record, `www 60 IN A 192.0.2.1`: names without a final dot lie below `origin`, the class may be left out
 * (IN), the TTL too (`defaultTtlSeconds`). It may go on over several lines in parentheses. Throws ZoneTextError.
 */
export function parseRecord(text: string, origin: Name, defaultTtlSeconds: number): ResourceRecord {
  const [entry, surplus] = readEntries(text, "");
  if (entry === undefined) {
    throw new ZoneTextError({ file: "", line: 1, column: 1 }, "there is no record in this text", "write one");
  }
  if (surplus !== undefined) {
    throw new ZoneTextError(surplus.words[0].at, "a second record begins here", "write one record only");
  }
  // A blank in front is no omitted owner: there is no record before this one.
  const defaults = { origin, owner: undefined, ttlSeconds: defaultTtlSeconds };
  return readRecordEntry({ ...entry, startsWithBlank: false }, defaults).record;
}
