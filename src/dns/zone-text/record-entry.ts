/** One entry of words → one record: `[OWNER] [TTL] [CLASS] TYPE DATA` (RFC 1035 §5.1), TTL and class in any order. */

import type { Name } from "../wire/name.ts";
import { classCodes, type ResourceRecord } from "../wire/record.ts";
import { readRecordData } from "./record-data.ts";
import { nameOfWord, parseSeconds, RecordFields } from "./record-fields.ts";
import { classCodeOf, typeCodeOf } from "./record-types.ts";
import { ZoneTextError } from "./zone-text-error.ts";
import type { ZoneEntry, ZoneWord } from "./zone-words.ts";

/** What an entry may leave out. */
export interface EntryDefaults {
  readonly origin: Name;
  /** The owner of the entry before; undefined for the first. */
  readonly owner: Name | undefined;
  readonly ttlSeconds: number | undefined;
}

export interface EntryRecord {
  readonly record: ResourceRecord;
  readonly hasOwnTtl: boolean;
}

/** Throws ZoneTextError. */
export function readRecordEntry({ words, startsWithBlank }: ZoneEntry, defaults: EntryDefaults): EntryRecord {
  const { origin } = defaults;
  const [first, ...others] = words;
  const owner = startsWithBlank ? defaults.owner : nameOfWord(first, origin);
  if (owner === undefined) {
    throw new ZoneTextError(
      first.at,
      "no record before this one has an owner",
      "write the owner in the first column",
    );
  }
  const head = readHead(startsWithBlank ? words : others, first);
  const fields = new RecordFields(head.rest, origin, head.type.at);
  const data = readRecordData(head.code, head.type, fields);
  const ttlSeconds = head.ttlSeconds ?? defaults.ttlSeconds;
  if (ttlSeconds === undefined) {
    throw new ZoneTextError(
      head.type.at,
      "no TTL is given, here or before",
      "write a TTL, or a line $TTL 3600 above",
    );
  }
  return {
    record: { name: owner, class: head.class, ttlSeconds, data },
    hasOwnTtl: head.ttlSeconds !== undefined,
  };
}

interface Head {
  readonly ttlSeconds: number | undefined;
  readonly class: number;
  readonly type: ZoneWord;
  readonly code: number;
  readonly rest: readonly ZoneWord[];
}

/** A word before the type is a TTL when it begins with a digit, else a class; each once at most. */
function readHead(words: readonly ZoneWord[], before: ZoneWord): Head {
  let ttlSeconds: number | undefined;
  let classCode: number | undefined;
  for (const [index, word] of words.entries()) {
    const code = typeCodeOf(word.text);
    if (code !== undefined) {
      return {
        ttlSeconds,
        class: classCode ?? classCodes.IN,
        type: word,
        code,
        rest: words.slice(index + 1),
      };
    }
    const seconds = ttlSeconds === undefined ? parseSeconds(word.text) : undefined;
    const wordClass = classCode === undefined ? classCodeOf(word.text) : undefined;
    if (seconds === undefined && wordClass === undefined) {
      throw new ZoneTextError(
        word.at,
        `"${word.text}" is neither a TTL nor a class nor a type of record`,
        "write OWNER TTL IN TYPE DATA",
      );
    }
    ttlSeconds ??= seconds;
    classCode ??= wordClass;
  }
  throw new ZoneTextError(
    (words.at(-1) ?? before).at,
    "the type of this record is missing",
    "write a type such as A",
  );
}
