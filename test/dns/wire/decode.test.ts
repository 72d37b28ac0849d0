import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeHeader, decodeMessage } from "../../../src/dns/wire/decode.ts";
import type { Message } from "../../../src/dns/wire/message.ts";
import { formatRecord } from "../../support/zone-text.ts";
import { octets } from "./octets.ts";

const noRecords = "0000 0000 0000 0000";
const oneQuestion = "0001 0000 0000 0000";
const oneAnswer = "0000 0001 0000 0000";
const oneAuthority = "0000 0000 0001 0000";
const oneAdditional = "0000 0000 0000 0001";
const header = (counts: string) => `1234 8180 ${counts}`;
/** A root-owned record of the NULL type; whatever it holds can be pointed to from offset 23 on. */
const holding = (length: string, data: string) => `00 000a 0001 00000000 ${length} ${data}`;

function decode(...parts: readonly string[]): Message {
  return decodeMessage(octets(...parts));
}

suite("decodeHeader", () => {
  const bits: readonly (readonly [flags: string, field: string, value: unknown])[] = [
    ["8000", "isResponse", true],
    ["7800", "opcode", 15],
    ["0400", "isAuthoritative", true],
    ["0200", "isTruncated", true],
    ["0100", "recursionDesired", true],
    ["0080", "recursionAvailable", true],
    ["0020", "authenticData", true],
    ["0010", "checkingDisabled", true],
    ["000f", "rcode", 15],
  ];
  const clear = { ...decodeHeader(octets("1234 0000", noRecords)) };
  for (const [flags, field, value] of bits) {
    test(`decodeHeader of flags ${flags} sets ${field} and nothing else`, () =>
      assert.deepEqual(decodeHeader(octets("1234", flags, noRecords)), { ...clear, [field]: value }));
  }

  test("decodeHeader with a body that cannot be decoded gives id and counts", () => {
    const { id, questionCount, answerCount, authorityCount, additionalCount } = decodeHeader(
      octets("abcd 0000 ffff 0002 0003 0004 ff"),
    );
    assert.deepEqual(
      [id, questionCount, answerCount, authorityCount, additionalCount],
      [0xabcd, 0xffff, 2, 3, 4],
    );
  });

  test("decodeHeader of eleven octets throws SHORT_HEADER", () =>
    assert.throws(() => decodeHeader(Buffer.alloc(11)), { name: "WireError", code: "SHORT_HEADER" }));
});

suite("decodeMessage", () => {
  const records: readonly (readonly [what: string, record: string, text: string])[] = [
    ["A", "'web' 00 0001 0001 0000001e 0004 0a000001", "web. 30 IN A 10.0.0.1"],
    ["AAAA", "'web' 00 001c 0001 00000000 0010 fd00000000000000 0000000000000001", "web. 0 IN AAAA fd00::1"],
    [
      "a target that points to its owner",
      "'web' 00 0005 0001 00000005 0004 'a' c00c",
      "web. 5 IN CNAME a.web.",
    ],
    ["NS", "00 0002 0001 00000005 0004 'ns' 00", ". 5 IN NS ns."],
    ["PTR to the root", "'web' 00 000c 0001 00000005 0001 00", "web. 5 IN PTR ."],
    ["MX", "'web' 00 000f 0001 00000005 0004 000a c00c", "web. 5 IN MX 10 web."],
    [
      "a compressed SRV target",
      "'w' 00 0021 0001 00000005 0008 0001 0002 ffff c00c",
      "w. 5 IN SRV 1 2 65535 w.",
    ],
    ["TXT", "'w' 00 0010 0003 00000005 0006 'a' 00 'bc'", 'w. 5 CH TXT "a" "" "bc"'],
    [
      "SOA",
      "'w' 00 0006 0001 00000005 001a 'n' c00c c00c ffffffff 00000001 00000002 00000003 00000004",
      "w. 5 IN SOA n.w. w. 4294967295 1 2 3 4",
    ],
    ["a TTL of 2^31-1", "'w' 00 0001 0001 7fffffff 0004 00000000", "w. 2147483647 IN A 0.0.0.0"],
    [
      "a TTL with the highest bit, which is zero",
      "'w' 00 0001 0001 80000000 0004 00000000",
      "w. 0 IN A 0.0.0.0",
    ],
    ["a type that is not known", "'w' 00 ff00 0020 00000005 0002 c00c", "w. 5 CLASS32 TYPE65280 \\# 2 C00C"],
    ["no data of a type that is not known", "'w' 00 ff00 0001 00000005 0000", "w. 5 IN TYPE65280 \\# 0"],
    ["names inside RP", "'w' 00 0011 0001 00000005 0005 'm' c00c 00", "w. 5 IN TYPE17 \\# 6 016D01770000"],
    [
      "the name inside NAPTR",
      "'w' 00 0023 0001 00000005 000b 0001 0002 'u' 'S' 00 c00c",
      "w. 5 IN NAPTR \\# 12 000100020175015300017700",
    ],
    [
      "the signer inside SIG, with the signature behind it",
      `'w' 00 0018 0001 00000005 0016 ${"00".repeat(18)} c00c ffff`,
      `w. 5 IN TYPE24 \\# 23 ${"00".repeat(18)}017700FFFF`,
    ],
  ];
  for (const [what, record, text] of records) {
    test(`decodeMessage with ${what} gives ${text}`, () => {
      for (const section of ["answers", "authorities", "additionals"] as const) {
        const counts = { answers: oneAnswer, authorities: oneAuthority, additionals: oneAdditional }[section];
        assert.deepEqual(decode(header(counts), record)[section].map(formatRecord), [text]);
      }
    });
  }

  test("decodeMessage with octets behind the last record ignores them", () =>
    assert.equal(decode(header(noRecords), "ffff").id, 0x1234));

  test("decodeMessage of a name of 255 octets keeps it", () => {
    const name = `${`'${"a".repeat(63)}' `.repeat(3)} '${"b".repeat(61)}' 00`;
    assert.equal(decode(header(oneQuestion), name, "0001 0001").questions[0]?.name.join(".").length, 253);
  });

  test("decodeMessage keeps letter case and octets that are not letters", () =>
    assert.deepEqual(decode(header(oneQuestion), "'WeB' 03 00 2e ff 00 0001 0001").questions[0]?.name, [
      "WeB",
      "\0.\xff",
    ]));

  test("decodeMessage of a buffer that is overwritten afterwards keeps its values", () => {
    const wire = octets(
      "1234 8180 0001 0001 0000 0001 'label-of-a-length-above-thirteen' 00 0001 0001",
      "c00c ff00 0001 00000005 0003 010203",
      "00 0029 04d0 00000000 0006 000a 0002 abcd",
    );
    const message = decodeMessage(wire);
    const before = structuredClone(message);
    wire.fill(0xee);
    assert.deepEqual(message, before);
    assert.deepEqual(message.edns?.options, [{ code: 10, data: new Uint8Array([0xab, 0xcd]) }]);
  });

  test("decodeMessage of a view into a larger buffer reads the view only", () => {
    const larger = Buffer.concat([Buffer.alloc(5, 0xff), octets(header(oneQuestion), "'a' c00c 0001 0001")]);
    assert.throws(() => decodeMessage(new Uint8Array(larger.buffer, larger.byteOffset + 5, 16)), {
      name: "WireError",
    });
    const whole = octets(header(oneQuestion), "'a' 00 0001 0001");
    const view = Buffer.concat([Buffer.alloc(5, 0xff), whole]).subarray(5);
    assert.deepEqual(decodeMessage(new Uint8Array(view)), decodeMessage(view));
  });
});

suite("decodeMessage with EDNS", () => {
  test("decodeMessage with OPT takes it apart and adds its rcode to that of the header", () => {
    const message = decode(
      "1234 8187",
      "0000 0000 0000 0001",
      "00 0029 1000 01 02 8000 0009 000c 0000 0003 0001 ff",
    );
    assert.deepEqual(message.edns, {
      udpPayloadSizeBytes: 4096,
      version: 2,
      isDnssecOk: true,
      options: [
        { code: 12, data: new Uint8Array(0) },
        { code: 3, data: new Uint8Array([255]) },
      ],
    });
    assert.equal(message.rcode, 0x17);
    assert.deepEqual(message.additionals, []);
  });

  test("decodeMessage with OPT between other records keeps those in order", () => {
    const a = (octet: string) => `'a' 00 0001 0001 00000000 0004 0000 00${octet}`;
    const message = decode(header("0000 0000 0000 0003"), a("01"), "00 0029 04d0 00000000 0000", a("02"));
    assert.deepEqual(message.additionals.map(formatRecord), ["a. 0 IN A 0.0.0.1", "a. 0 IN A 0.0.0.2"]);
    assert.equal(message.edns?.udpPayloadSizeBytes, 1232);
  });

  test("decodeMessage without OPT has no EDNS", () =>
    assert.equal(decode(header(noRecords)).edns, undefined));
});

suite("decodeMessage of what is no message", () => {
  const opt = "00 0029 04d0 00000000";
  const rejected: readonly (readonly [what: string, code: string, ...parts: string[]])[] = [
    ["nothing", "SHORT_HEADER"],
    ["eleven octets", "SHORT_HEADER", "1234 8180 0000 0000 0000 00"],
    ["a missing question", "TRUNCATED", header(oneQuestion)],
    ["a question cut in its name", "TRUNCATED", header(oneQuestion), "03 7765"],
    ["a name without its end", "TRUNCATED", header(oneQuestion), "'web'"],
    ["a question cut in its class", "TRUNCATED", header(oneQuestion), "'web' 00 0001 00"],
    ["a pointer cut in half", "TRUNCATED", header(oneQuestion), "'web' c0"],
    ["a record cut in its TTL", "TRUNCATED", header(oneAnswer), "'web' 00 0001 0001 0000"],
    ["record data past the end", "TRUNCATED", header(oneAnswer), "'web' 00 0001 0001 00000000 0004 0a0000"],
    ["65535 answers in twelve octets", "TRUNCATED", header("0000 ffff 0000 0000")],
    ["a label of kind 01", "BAD_LABEL", header(oneQuestion), "41 00 0001 0001"],
    ["a label of kind 10", "BAD_LABEL", header(oneQuestion), "80 00 0001 0001"],
    ["a pointer to itself", "BAD_POINTER", header(oneQuestion), "c00c 0001 0001"],
    ["a pointer to the name it ends", "BAD_POINTER", header(oneQuestion), "'web' c00c 0001 0001"],
    ["a pointer into the name it ends", "BAD_POINTER", header(oneQuestion), "'web' 'a' c010 0001 0001"],
    ["a pointer forward", "BAD_POINTER", header(oneQuestion), "c012 0001 0001 'web' 00"],
    ["a pointer past the end", "BAD_POINTER", header(oneQuestion), "ffff 0001 0001"],
    ["a pointer into the header", "BAD_POINTER", header(oneQuestion), "c004 0001 0001"],
    [
      "two pointers to each other",
      "BAD_POINTER",
      header("0000 0002 0000 0000"),
      holding("0004", "c019 c017"),
      "c019 0001 0001 00000000 0004 00000000",
    ],
    [
      "a pointer to labels that run into the name it ends",
      "BAD_POINTER",
      header("0000 0002 0000 0000"),
      holding("0002", "'a'"),
      "c017 0001 0001 00000000 0004 00000000",
    ],
    [
      "a pointer to a label that has the pointer inside",
      "BAD_POINTER",
      header("0000 0002 0000 0000"),
      holding("0005", "03 61 c017 00"),
      "c019 0001 0001 00000000 0004 00000000",
    ],
    [
      "a name of 256 octets",
      "NAME_TOO_LONG",
      header(oneQuestion),
      `${`'${"a".repeat(63)}' `.repeat(3)} '${"b".repeat(62)}' 00`,
    ],
    [
      "a name of 256 octets by way of a pointer",
      "NAME_TOO_LONG",
      header("0000 0002 0000 0000"),
      holding("0040", `'${"a".repeat(62)}' 00`),
      `${`'${"b".repeat(63)}' `.repeat(3)} c017 0001 0001 00000000 0000`,
    ],
    ["A with three octets", "BAD_RDATA", header(oneAnswer), "'web' 00 0001 0001 00000000 0003 0a0000 ff"],
    ["A with five octets", "BAD_RDATA", header(oneAnswer), "'web' 00 0001 0001 00000000 0005 0a00000000"],
    ["A with none", "BAD_RDATA", header(oneAnswer), "'web' 00 0001 0001 00000000 0000 0a000000"],
    ["a target past its record", "BAD_RDATA", header(oneAnswer), "'web' 00 0005 0001 00000000 0003 'abc' 00"],
    [
      "a target before the end of its record",
      "BAD_RDATA",
      header(oneAnswer),
      "00 0005 0001 00000000 0004 'a' 00 00",
    ],
    [
      "a pointer across the end of its record",
      "BAD_RDATA",
      header(oneAnswer),
      "00 0005 0001 00000000 0001 c00c",
    ],
    ["TXT without a string", "BAD_RDATA", header(oneAnswer), "'web' 00 0010 0001 00000000 0000"],
    [
      "TXT with a string past its record",
      "BAD_RDATA",
      header(oneAnswer),
      "00 0010 0001 00000000 0003 03616263",
    ],
    ["an SOA cut short", "BAD_RDATA", header(oneAnswer), "00 0006 0001 00000000 0006 00 00 00000001"],
    ["two OPT", "BAD_OPT", header("0000 0000 0000 0002"), opt, "0000", opt, "0000"],
    ["OPT not at the root", "BAD_OPT", header(oneAdditional), "'a' 00 0029 04d0 00000000 0000"],
    ["OPT in the answer section", "BAD_OPT", header(oneAnswer), opt, "0000"],
    ["OPT in the authority section", "BAD_OPT", header(oneAuthority), opt, "0000"],
    ["an option past the OPT", "BAD_RDATA", header(oneAdditional), opt, "0005 0003 0002 ff ff"],
    ["an option cut in its length", "BAD_RDATA", header(oneAdditional), opt, "0003 0003 00"],
  ];
  for (const [what, code, ...parts] of rejected) {
    test(`decodeMessage of ${what} throws ${code}`, () =>
      assert.throws(() => decode(...parts), { name: "WireError", code }));
  }
});
