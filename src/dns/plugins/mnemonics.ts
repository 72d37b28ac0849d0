/** Words for types, classes and response codes as `rewrite` and `template` take them, and the other way round. */

import { rcodes } from "../wire/message.ts";
import { classCodes } from "../wire/record.ts";
import { queryTypeCodes } from "./query-type.ts";

/** IANA "DNS RCODEs"; 16 is called BADSIG here, not BADVERS, and NOTIMP may be misspelt. */
const furtherRcodes = {
  NOTIMPL: 4,
  DSOTYPENI: 11,
  BADSIG: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
} as const;

const typeWords = new Map(Object.entries(queryTypeCodes));
const classWords = new Map<string, number>(Object.entries({ ...classCodes, CS: 2 }));
const { BADVERS: _, ...ownRcodes } = rcodes;
const rcodeWords = new Map<string, number>(Object.entries({ ...furtherRcodes, ...ownRcodes }));
const wordsOfTypes = new Map([...typeWords].map(([word, code]) => [code, word]));
const wordsOfClasses = new Map([...classWords].map(([word, code]) => [code, word]));

/** Words are in upper case; undefined for one that is none. */
export function typeOfWord(word: string): number | undefined {
  return typeWords.get(word);
}

export function classOfWord(word: string): number | undefined {
  return classWords.get(word);
}

export function rcodeOfWord(word: string): number | undefined {
  return rcodeWords.get(word);
}

/** The word for a type; "" when there is none. */
export function wordOfType(code: number): string {
  return wordsOfTypes.get(code) ?? "";
}

/** The word for a class; "" when there is none. */
export function wordOfClass(code: number): string {
  return wordsOfClasses.get(code) ?? "";
}
