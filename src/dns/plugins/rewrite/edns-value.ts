/** What a rule puts into a local EDNS option: text, `0x…` for octets, or a `{variable}` that is filled in per query. */

import type { Reading } from "../../corefile/reading.ts";
import type { Word } from "../../corefile/syntax.ts";
import { addressToBytes } from "../../wire/address.ts";
import { formatName } from "../../wire/name.ts";
import { plainAddress } from "../network.ts";
import type { Query } from "../query.ts";

/** Undefined where there is nothing to say about the query. */
export type OptionValue = (query: Query) => Uint8Array | undefined;

const variables: Readonly<Record<string, OptionValue>> = {
  qname: ({ question }) => Buffer.from(formatName(question.name)),
  qtype: ({ question }) => uint16(question.type),
  client_ip: ({ client }) => octetsOf(client.address),
  client_port: ({ client }) => uint16(client.port),
  // What carries the query: TLS and HTTPS run over TCP.
  protocol: ({ client }) => Buffer.from(client.protocol === "udp" ? "udp" : "tcp"),
  server_ip: ({ client }) => octetsOf(client.serverAddress),
  server_port: ({ client }) => uint16(client.serverPort),
};

/** Reports what is neither octets in hexadecimal, where it begins so, nor a variable, where it is in braces. */
export function readOptionValue(word: Word, reading: Reading): OptionValue | undefined {
  const variable = /^\{(.*)\}$/s.exec(word.text)?.[1];
  if (variable !== undefined) return readVariable(word, variable, reading);
  const digits = word.text.startsWith("0x") ? word.text.slice(2) : undefined;
  if (digits === undefined) return () => Buffer.from(word.text);
  if (!/^([0-9a-f]{2})*$/i.test(digits)) {
    reading.wrongValue(
      word,
      `"${word.text}" is not octets in hexadecimal`,
      "write two digits for each octet",
    );
    return undefined;
  }
  const octets = Buffer.from(digits, "hex");
  return () => octets;
}

function readVariable(word: Word, variable: string, reading: Reading): OptionValue | undefined {
  if (Object.hasOwn(variables, variable)) return variables[variable];
  if (!/^[^/]+\/.+$/s.test(variable)) {
    const known = Object.keys(variables).map(name => `{${name}}`);
    const remedy = `use one of ${known.join(", ")}, or a {plugin/label} of metadata`;
    reading.wrongValue(word, `${word.text} is not known here`, remedy);
    return undefined;
  }
  return ({ metadata }) => {
    const value = metadata?.get(variable)?.();
    return value === undefined || value === "" ? undefined : Buffer.from(value);
  };
}

/** 4 or 16, of an address as a socket tells it. */
export function octetsOf(address: string): Uint8Array {
  return addressToBytes(plainAddress(address));
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}
