/** Formats of the query log: text with `{labels}`, compiled once. */

import { rcodeName } from "../../wire/message.ts";
import { formatName } from "../../wire/name.ts";
import { classCodes, typeName } from "../../wire/record.ts";
import type { Exchange } from "../plugin.ts";
import { answerClassOf } from "./answer-class.ts";

export type LineFormat = (exchange: Exchange) => string;

/** CoreDNS's default. */
export const commonFormat =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}';
const combinedFormat = `${commonFormat} "{>opcode}"`;

/** What CoreDNS prints for a value that is not there. */
const emptyValue = "-";

/** Labels nobody knows are printed as `-`; `{/label}` is metadata. */
export function compileFormat(text: string): LineFormat {
  const format = text.replaceAll("{common}", commonFormat).replaceAll("{combined}", combinedFormat);
  const parts = format
    .split(/(\{[^{}]*\})/)
    .map((part, index) => (index % 2 === 0 ? literal(part) : labelled(part)));
  return exchange => {
    let line = "";
    for (const part of parts) line += part(exchange);
    return line;
  };
}

function literal(text: string): LineFormat {
  return () => text;
}

function labelled(part: string): LineFormat {
  const label = part.slice(1, -1);
  if (label.startsWith("/")) return metadataOf(label.slice(1));
  // Labels of the header are in any letter case.
  return labels[label.startsWith(">") ? label.toLowerCase() : label] ?? literal(emptyValue);
}

function metadataOf(label: string): LineFormat {
  if (label === "log/class") return answerClassOf;
  return ({ query }) => query.metadata?.get(label)?.() || emptyValue;
}

const labels: Readonly<Record<string, LineFormat>> = {
  type: ({ query }) => typeName(query.question.type),
  name: ({ query }) => formatName(query.name),
  class: ({ query }) => classText(query.question.class),
  proto: ({ query }) => (query.client.protocol === "udp" ? "udp" : "tcp"),
  size: ({ requestSizeBytes }) => String(requestSizeBytes),
  remote: ({ query }) => inBrackets(query.client.address),
  port: ({ query }) => String(query.client.port),
  local: ({ query }) => inBrackets(query.client.serverAddress),
  rcode: ({ response, rcode }) => (response === undefined ? emptyValue : rcodeName(rcode)),
  rsize: ({ response }) => String(response?.length ?? 0),
  duration: ({ durationMs }) => `${secondsText(durationMs)}s`,
  ">id": ({ query }) => String(query.message.id),
  ">opcode": ({ query }) => String(query.message.opcode),
  ">do": ({ query }) => String(query.message.edns?.isDnssecOk === true),
  ">bufsize": ({ query }) =>
    String(sizeLimitOf(query.message.edns?.udpPayloadSizeBytes, query.client.protocol)),
  ">rflags": ({ response }) => (response === undefined ? emptyValue : flagsText(response)),
};

function classText(code: number): string {
  return Object.entries(classCodes).find(([, value]) => value === code)?.[0] ?? `CLASS${code}`;
}

function inBrackets(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

/** To the nanosecond, without an exponent. */
function secondsText(durationMs: number): string {
  return (Math.round(durationMs * 1e6) / 1e9).toFixed(9).replace(/\.?0+$/, "");
}

function sizeLimitOf(asked: number | undefined, protocol: string): number {
  if (protocol !== "udp") return 65_535;
  return Math.max(asked ?? 512, 512);
}

/** Of the message as it was sent: RFC 1035 §4.1.1, RFC 4035 §3. */
function flagsText(response: Uint8Array): string {
  const flags = ((response[2] ?? 0) << 8) | (response[3] ?? 0);
  return flagBits.flatMap(([bit, name]) => ((flags & bit) === 0 ? [] : [name])).join(",");
}

const flagBits: readonly (readonly [bit: number, name: string])[] = [
  [0x8000, "qr"],
  [0x0400, "aa"],
  [0x0200, "tc"],
  [0x0100, "rd"],
  [0x0080, "ra"],
  [0x0040, "z"],
  [0x0020, "ad"],
  [0x0010, "cd"],
];
