/**
 * Reads Protocol Buffers (the wire format, proto2) by tables of the fields that are wanted, into the objects that the
 * same messages are in JSON. Fields that are in no table are passed over. No library: they give objects of whole messages,
 * and most of what there is to read is to become text without being an object first.
 *
 * Go writes texts that are not set as empty ones, and JSON leaves them out: so do these. Texts that are equal to the one
 * before in the same field are the same one in memory.
 */

/** Where reading is. Functions move it; it never goes beyond what the octets hold. */
export interface Cursor {
  readonly octets: Buffer;
  at: number;
}

export type Message = Record<string, unknown>;

/** By field number. */
export type Fields = readonly (Field | undefined)[];

interface Field {
  readonly wireType: number;
  /** Stands behind the tag; reads the value into the message. */
  readonly read: (cursor: Cursor, message: Message) => void;
}

/** Of an entry of a map: number · 8 + wire type. */
const entryTags = { key: 10, value: 18 };

const wireTypes = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 };

/** A table from field numbers to fields. */
export function table(fields: Readonly<Record<number, Field>>): Fields {
  return Array.from(
    { length: 1 + Math.max(0, ...Object.keys(fields).map(Number)) },
    (_, number) => fields[number],
  );
}

export function text(name: string): Field {
  const read = textReader();
  return delimited((cursor, end, message) => {
    const value = read(cursor, end);
    if (value !== "") message[name] = value;
  });
}

export function texts(name: string): Field {
  const read = textReader();
  return delimited((cursor, end, message) => append(message, name, read(cursor, end)));
}

export function whole(name: string): Field {
  return varint((value, message) => {
    message[name] = value;
  });
}

export function flag(name: string): Field {
  return varint((value, message) => {
    message[name] = value !== 0;
  });
}

/** `make` turns what was read into what it is in JSON, where that is something else. */
export function message(name: string, fields: Fields, make: (read: Message) => unknown = same): Field {
  return delimited((cursor, end, parent) => {
    parent[name] = make(readMessage(cursor, end, fields));
  });
}

export function messages(name: string, fields: Fields): Field {
  return delimited((cursor, end, parent) => append(parent, name, readMessage(cursor, end, fields)));
}

/** `map<string, string>`, of it the keys that are named; here an empty text is a value like any other. */
export function texted(name: string, keys: readonly string[]): Field {
  const readKey = chosenReader(keys);
  const readValue = textReader();
  return delimited((cursor, end, parent) => {
    let key: string | undefined;
    let value = "";
    while (cursor.at < end) {
      const tag = readVarint(cursor);
      if (tag !== entryTags.key && tag !== entryTags.value) {
        skip(cursor, tag & 7);
        continue;
      }
      const endOfText = endOfDelimited(cursor);
      if (tag === entryTags.value) value = readValue(cursor, endOfText);
      else key = readKey(cursor, endOfText);
      cursor.at = endOfText;
      // Most entries are of no use, and their values are longer.
      if (key === undefined && tag === entryTags.key) return;
    }
    mustBeWithin(cursor, end);
    if (key === undefined) return;
    const map = (parent[name] ?? {}) as Message;
    map[key] = value;
    parent[name] = map;
  });
}

/** Reads up to `end`; throws where the octets are no such message. */
export function readMessage(cursor: Cursor, end: number, fields: Fields): Message {
  const read: Message = {};
  while (cursor.at < end) {
    const tag = readVarint(cursor);
    const field = fields[tag >>> 3];
    if (field?.wireType === (tag & 7)) field.read(cursor, read);
    else skip(cursor, tag & 7);
  }
  mustBeWithin(cursor, end);
  return read;
}

/** Throws where a message that ends at `end` has been read beyond it. */
export function mustBeWithin(cursor: Cursor, end: number): void {
  if (cursor.at > end) throw new Error("a field of Protocol Buffers is longer than its message");
}

function same(read: Message): unknown {
  return read;
}

function append(message: Message, name: string, value: unknown): void {
  const list = message[name] as unknown[] | undefined;
  if (list === undefined) message[name] = [value];
  else list.push(value);
}

function varint(take: (value: number, message: Message) => void): Field {
  return { wireType: wireTypes.varint, read: (cursor, message) => take(readVarint(cursor), message) };
}

/** Anything that says its size. `take` may stop anywhere before `end`. */
export function delimited(take: (cursor: Cursor, end: number, message: Message) => void): Field {
  const read = (cursor: Cursor, message: Message) => {
    const end = endOfDelimited(cursor);
    take(cursor, end, message);
    cursor.at = end;
  };
  return { wireType: wireTypes.delimited, read };
}

/** Stands behind the tag; moves to where the value begins. */
export function endOfDelimited(cursor: Cursor): number {
  const sizeBytes = readVarint(cursor);
  const end = cursor.at + sizeBytes;
  if (end > cursor.octets.length) throw new Error("a message of Protocol Buffers is cut off");
  return end;
}

/** The tenth octet of a number counts in this (2⁶³); none has more. */
const largestFactor = 128 ** 9;

/** Up to 2⁵³; nothing that is read here is negative. Throws beyond ten octets. */
export function readVarint(cursor: Cursor): number {
  const { octets } = cursor;
  const first = octets[cursor.at];
  if (first !== undefined && first < 0x80) {
    cursor.at++;
    return first;
  }
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const octet = octets[cursor.at++];
    if (octet === undefined) throw new Error("a message of Protocol Buffers is cut off");
    if (factor > largestFactor) throw new Error("a number of Protocol Buffers is longer than any number");
    value += (octet & 0x7f) * factor;
    if (octet < 0x80) return value;
  }
}

/** Passes over a value. */
export function skip(cursor: Cursor, wireType: number): void {
  if (wireType === wireTypes.varint) readVarint(cursor);
  else if (wireType === wireTypes.delimited) cursor.at = endOfDelimited(cursor);
  else if (wireType === wireTypes.fixed64) cursor.at += 8;
  else if (wireType === wireTypes.fixed32) cursor.at += 4;
  else throw new Error(`no wire type of Protocol Buffers: ${wireType}`);
}

function textReader(): (cursor: Cursor, end: number) => string {
  let last = "";
  return ({ octets, at }, end) => {
    if (!isText(octets, at, end, last)) last = octets.toString("utf8", at, end);
    return last;
  };
}

/** One of the texts, or undefined for any other. */
function chosenReader(texts: readonly string[]): (cursor: Cursor, end: number) => string | undefined {
  return ({ octets, at }, end) => texts.find(text => isText(octets, at, end, text));
}

/** Whether the octets are this text; false for what is not ASCII, which is compared in vain. */
export function isText(octets: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  // From the end: names begin alike.
  for (let index = text.length - 1; index >= 0; index--) {
    const octet = octets[start + index] as number;
    if (octet !== text.charCodeAt(index) || octet > 0x7f) return false;
  }
  return true;
}
