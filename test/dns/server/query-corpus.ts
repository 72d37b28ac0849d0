/**
 * Queries of all kinds, plain ones and odd ones, whole and broken: the same for the same random numbers.
 *
 * Most are what clients send, since what is answered out of the ordinary way is answered to these.
 */

import { optRecord, questionBytes, wireName } from "../../support/dns-client-query.ts";

/** Numbers in [0, 1). */
export type Random = () => number;

const types = [
  ...["A", "A", "A", "A", "AAAA", "AAAA", "SRV", "SRV", "PTR", "TXT", "SOA", "NS", "CNAME", "MX", "ANY"],
  ...["HTTPS", "SVCB", "NAPTR", "DS", "DNSKEY", "HINFO", "CAA", "OPT", "AXFR", "IXFR"],
  ...["TYPE0", "TYPE65280", "TYPE65535"],
];
const classes = ["CH", "HS", "ANY", "NONE", "CLASS0", "CLASS4096"];
const sizes = [0, 100, 511, 512, 513, 1232, 1232, 1232, 1400, 4096, 65_535];

/** RFC 7873, RFC 5001, RFC 7871, RFC 7830, RFC 7828, RFC 8914, and one that nobody has written. */
const options = [
  { code: 10, data: Buffer.from("0123456789abcdef", "hex") },
  { code: 3, data: Buffer.alloc(0) },
  { code: 8, data: Buffer.from("00011800c00002", "hex") },
  { code: 12, data: Buffer.alloc(300) },
  { code: 11, data: Buffer.alloc(0) },
  { code: 15, data: Buffer.of(0, 15) },
  { code: 65_001, data: Buffer.from("x") },
];

/** Names as long as names and labels can be, of odd octets, and the root. */
const oddNames = [
  ".",
  `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}.`,
  `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(33)}.svc.cluster.local.`,
  `${"a".repeat(63)}.shop.svc.cluster.local.`,
  "*.shop.svc.cluster.local.",
  "\\000.shop.svc.cluster.local.",
  "w\\046b.shop.svc.cluster.local.",
  "\\255\\192\\012.example.net.",
  "_._tcp.web.shop.svc.cluster.local.",
];

export function oneOf<Value>(values: readonly Value[], random: Random): Value {
  return values[Math.floor(random() * values.length)] as Value;
}

/** `count` queries for these names, with ids of their own. */
export function queryCorpus(names: readonly string[], count: number, random: Random): readonly Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const query = anyQuery(names, random);
    if (query.length >= 2) query.writeUInt16BE(index % 0xfff0, 0);
    return query;
  });
}

function anyQuery(names: readonly string[], random: Random): Buffer {
  const chance = random();
  if (chance < 0.85) return plainQuery(names, random);
  return chance < 0.93 ? unusualQuery(names, random) : broken(plainQuery(names, random), random);
}

/** With one question, and one OPT record at most. */
function plainQuery(names: readonly string[], random: Random): Buffer {
  const opt = random() < 0.4 ? [] : [anyOpt(random)];
  const flags = anyFlags(random);
  return message(flags, [anyQuestion(names, random)], [0, 0, opt.length], opt);
}

/** RD, as nearly always; sometimes AD or CD. */
function anyFlags(random: Random): number {
  const recursionDesired = random() < 0.8 ? 0x0100 : 0;
  const others = random() < 0.3 ? oneOf([0x0020, 0x0010, 0x0030], random) : 0;
  return recursionDesired | others;
}

function anyQuestion(names: readonly string[], random: Random): Buffer {
  const name = inAnyCase(random() < 0.05 ? oneOf(oddNames, random) : oneOf(names, random), random);
  const type = random() < 0.5 ? typeFor(name, random) : oneOf(types, random);
  const octets = Buffer.from(questionBytes(`${name} ${type}`));
  if (random() < 0.05) octets.writeUInt16BE(classOf(oneOf(classes, random)), octets.length - 2);
  return octets;
}

/** What most ask of such a name. */
function typeFor(name: string, random: Random): string {
  if (/arpa\.$/i.test(name)) return "PTR";
  if (name.startsWith("_")) return "SRV";
  return /bind\.$/i.test(name) ? "TXT" : oneOf(["A", "AAAA"], random);
}

function classOf(word: string): number {
  const known: Readonly<Record<string, number>> = { CH: 3, HS: 4, NONE: 254, ANY: 255 };
  return known[word] ?? Number(word.slice("CLASS".length));
}

/** As it is, in capitals, or each letter as chance will have it. */
function inAnyCase(name: string, random: Random): string {
  const chance = random();
  if (chance < 0.6) return name;
  const isUpper = chance < 0.7 ? () => true : () => random() < 0.5;
  return name.replace(/[a-z]/g, letter => (isUpper() ? letter.toUpperCase() : letter));
}

function anyOpt(random: Random): Buffer {
  const chosen = random() < 0.75 ? [] : [oneOf(options, random), ...(random() < 0.3 ? options : [])];
  const isOdd = random() < 0.05;
  const opt = optRecord({
    udpSizeBytes: oneOf(sizes, random),
    version: isOdd && random() < 0.5 ? 1 : 0,
    isDnssecOk: random() < 0.3,
    options: chosen,
  });
  // A part of a code, or flags that mean nothing yet.
  if (isOdd) opt[random() < 0.5 ? 5 : 8] = 0x41;
  return opt;
}

/** Other opcodes and flags, other numbers of questions and records. */
function unusualQuery(names: readonly string[], random: Random): Buffer {
  const question = anyQuestion(names, random);
  const opt = anyOpt(random);
  const record = (type: number, data: Buffer) =>
    Buffer.concat([
      wireName("example.net."),
      Buffer.of(type >> 8, type & 255, 0, 1, 0, 0, 0, 9, 0, data.length),
      data,
    ]);
  const address = record(1, Buffer.of(192, 0, 2, 1));
  const pointer = Buffer.concat([Buffer.of(0xc0, 12), question.subarray(-4)]);
  const forms: readonly (() => Buffer)[] = [
    () => message(oneOf([0x0800, 0x1000, 0x2000, 0x2800, 0x7800], random), [question], [0, 0, 0], []),
    () => message(oneOf([0x0400, 0x0200, 0x0080, 0x0040, 0x000f], random), [question], [0, 0, 1], [opt]),
    () => message(0x8180, [question], [0, 0, 0], []),
    () => message(0x0100, [], [0, 0, 1], [opt]),
    () => message(0x0100, Array(oneOf([2, 3, 40], random)).fill(question), [0, 0, 0], []),
    () => message(0x0100, [question, pointer], [0, 0, 0], []),
    () => message(0x0100, [question], [1, 0, 0], [address]),
    () => message(0x0100, [question], [0, 1, 0], [address]),
    () => message(0x0100, [question], [0, 0, 2], [opt, opt]),
    () => message(0x0100, [question], [0, 0, 2], [opt, record(250, Buffer.alloc(16))]),
    () => message(0x0100, [question], [0, 0, 1], [record(41, Buffer.alloc(0))]),
  ];
  return oneOf(forms, random)();
}

/** Cut, longer than it says, with another octet somewhere, or no message at all. */
function broken(query: Buffer, random: Random): Buffer {
  const at = Math.floor(random() * query.length);
  const forms: readonly (() => Buffer)[] = [
    () => query.subarray(0, Math.max(1, at)),
    () => Buffer.concat([query, Buffer.alloc(1 + (at % 20))]),
    () => Buffer.from(query.with(Math.max(2, at), Math.floor(random() * 256))),
    () => Buffer.from(Uint8Array.from(query, () => Math.floor(random() * 256))),
    () => Buffer.concat([query.subarray(0, 12), Buffer.of(0xc0, 12), query.subarray(-4)]),
  ];
  return Buffer.from(oneOf(forms, random)());
}

/** `counts`: of answers, authorities and additional records. */
function message(
  flags: number,
  questions: readonly Buffer[],
  counts: readonly [number, number, number],
  records: readonly Buffer[],
): Buffer {
  const header = Buffer.alloc(12);
  for (const [place, value] of [0, flags, questions.length, ...counts].entries()) {
    header.writeUInt16BE(value, 2 * place);
  }
  return Buffer.concat([header, ...questions, ...records]);
}
