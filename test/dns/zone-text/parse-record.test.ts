import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { Name } from "../../../src/dns/wire/name.ts";
import { type RecordData, type ResourceRecord, typeCodes } from "../../../src/dns/wire/record.ts";
import { parseRecord } from "../../../src/dns/zone-text/parse-record.ts";
import { ZoneTextError } from "../../../src/dns/zone-text/zone-text-error.ts";
import { formatRecord } from "../../support/zone-text.ts";

const origin = ["example", "org"];

suite("records that are read", () => {
  for (const [line, expected] of [
    ["www A 192.0.2.1", "www.example.org. 3600 IN A 192.0.2.1"],
    ["www 60 A 192.0.2.1", "www.example.org. 60 IN A 192.0.2.1"],
    ["www 60 IN A 192.0.2.1", "www.example.org. 60 IN A 192.0.2.1"],
    ["www in 1h30m a 192.0.2.1", "www.example.org. 5400 IN A 192.0.2.1"],
    ["www CH TXT hi", 'www.example.org. 3600 CH TXT "hi"'],
    ["www CLASS32 TXT hi", 'www.example.org. 3600 CLASS32 TXT "hi"'],
    ["@ NS ns", "example.org. 3600 IN NS ns.example.org."],
    ["\\@ NS ns.", "\\@.example.org. 3600 IN NS ns."],
    ["a.b\\.c\\046 PTR d\\\\.", "a.b\\.c\\..example.org. 3600 IN PTR d\\\\."],
    ["  www A 192.0.2.1 ; a comment", "www.example.org. 3600 IN A 192.0.2.1"],
    ["A A 192.0.2.1", "A.example.org. 3600 IN A 192.0.2.1"],
    ["www ( 60\n IN ; here\n A ) 192.0.2.1", "www.example.org. 60 IN A 192.0.2.1"],
    ['www TXT "one\ntwo"', 'www.example.org. 3600 IN TXT "one\\010two"'],
    ["www TXT é", 'www.example.org. 3600 IN TXT "\\195\\169"'],
    [`www TXT ${"x".repeat(300)}`, `www.example.org. 3600 IN TXT "${"x".repeat(255)}" "${"x".repeat(45)}"`],
    ["www AAAA 2001:DB8:0:0::1", "www.example.org. 3600 IN AAAA 2001:db8::1"],
    ["www TYPE28 \\# 16 20010db8000000000000000000000001", "www.example.org. 3600 IN AAAA 2001:db8::1"],
    ["www TYPE65280 \\# 0", "www.example.org. 3600 IN TYPE65280 \\# 0"],
    [
      "www DNSKEY 256 3 ECDSAP256SHA256 AwEA Aaz/",
      "www.example.org. 3600 IN DNSKEY \\# 10 0100030D03010001ACFF",
    ],
    // RFC 5155 appendix A.
    [
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG",
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.org. 3600 IN NSEC3 \\# 38 " +
        "0101000C04AABBCCDD14174EB2409FE28BCB4887A1836F957F0A8425E27B0006400000000002",
    ],
    ["www NSEC3PARAM 1 0 12 -", "www.example.org. 3600 IN NSEC3PARAM \\# 5 0100000C00"],
    // RFC 9460 appendix D.2.
    [
      'foo SVCB 16 foo alpn="f\\\\\\\\oo\\\\,bar,h2"',
      "foo.example.org. 3600 IN SVCB \\# 35 001003666F6F076578616D706C65036F726700000100" +
        "0C08665C6F6F2C626172026832",
    ],
  ] as const) {
    test(`${line.slice(0, 60)} is read`, () => {
      assert.equal(formatRecord(parseRecord(line, origin, 3600)), expected);
    });
  }
});

suite("records that are refused", () => {
  for (const [line, column, what] of [
    ["", 1, "there is no record in this text"],
    ["www", 1, "the type of this record is missing"],
    ["www 60 IN", 8, "the type of this record is missing"],
    ["www 60 30 A 192.0.2.1", 8, '"30" is neither a TTL nor a class nor a type of record'],
    ["www 5000000000 A 192.0.2.1", 5, '"5000000000" is neither a TTL nor a class nor a type of record'],
    ["www AXFR", 5, '"AXFR" is neither a TTL nor a class nor a type of record'],
    ["www A", 5, "an IPv4 address is missing at the end of this record"],
    ["www A 192.0.2", 7, '"192.0.2" is not an IPv4 address'],
    ["www A 2001:db8::1", 7, '"2001:db8::1" is not an IPv4 address'],
    ["www AAAA 192.0.2.1", 10, '"192.0.2.1" is not an IPv6 address'],
    ["www A 192.0.2.1 192.0.2.2", 17, '"192.0.2.2" is too much in this record'],
    ["a..b A 192.0.2.1", 1, "empty label in a..b"],
    [`${"a".repeat(64)} A 192.0.2.1`, 1, `label over 63 octets in ${"a".repeat(64)}`],
    ["www MX 70000 mail", 8, '"70000" is no preference'],
    ["www MX 10", 8, "a mail server's name is missing at the end of this record"],
    ["www TXT", 5, "a string is missing at the end of this record"],
    [`www HINFO ${"x".repeat(256)} y`, 11, "a string has 256 octets"],
    ["www TXT \\256", 9, "\\256 is no octet"],
    ['www TXT "open', 9, "the quote that begins here is never closed"],
    ["www TXT end\\", 12, "a backslash escapes nothing here"],
    ["www ( A 192.0.2.1", 5, "the parenthesis that opens here is never closed"],
    ["www A 192.0.2.1 )", 17, "this parenthesis was never opened"],
    ["www ( ( A 192.0.2.1 ) )", 7, "parentheses do not nest"],
    ["www A \\# 3 0a0000", 7, "the octets do not have the form of this type"],
    ["www A \\# 4 0a0000", 7, "3 octets follow, not 4"],
    ["www TYPE9 \\# 2 0a0", 11, '"0a0" is not hex'],
    ["www TYPE9 none", 5, "TYPE9 has no text form here"],
    ["www DS 1 NEVER 1 00", 10, '"NEVER" is no DNSSEC algorithm'],
    ["www NSEC a A NEVER", 14, '"NEVER" is no type of record'],
    ["www RRSIG A 8 2 1 2024 NEVER 1 a AA==", 24, '"NEVER" is no time'],
    ["www HTTPS 1 . port=http", 15, '"port=http" has no value that fits its key'],
    ["www HTTPS 1 . port", 15, '"port" has no value that fits its key'],
    ["www HTTPS 1 . colour=red", 15, '"colour" is no service parameter'],
    ["www HTTPS 1 . port=1 key3=2", 22, "this key is there already"],
    ["www HTTPS 1 . mandatory=mandatory", 15, '"mandatory=mandatory" has no value that fits its key'],
    ["www A 192.0.2.1\nwww A 192.0.2.2", 1, "a second record begins here"],
  ] as const) {
    test(`${line.slice(0, 60)} is refused`, () => {
      assert.throws(
        () => parseRecord(line, origin, 3600),
        (error: unknown) => {
          assert.ok(error instanceof ZoneTextError);
          assert.deepEqual([error.column, error.what], [column, what]);
          assert.notEqual(error.remedy, "");
          return true;
        },
      );
    });
  }
});

const label = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 20,
});
const name: fc.Arbitrary<Name> = fc.array(label, { maxLength: 6 });
const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffff_ffff);
const octets = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
  maxLength: 255,
});
const keptAsOctets = [
  ...Object.entries(typeCodes)
    .filter(([word]) => ["HINFO", "DS", "RRSIG", "SVCB", "URI", "CAA"].includes(word))
    .map(([, code]) => code),
  65280,
];
const data: fc.Arbitrary<RecordData> = fc.oneof(
  fc.record({ type: fc.constant("A" as const), address: fc.ipV4() }),
  fc.record({ type: fc.constantFrom("NS" as const, "CNAME" as const, "PTR" as const), target: name }),
  fc.record({ type: fc.constant("MX" as const), preference: uint16, exchange: name }),
  fc.record({
    type: fc.constant("SRV" as const),
    priority: uint16,
    weight: uint16,
    port: uint16,
    target: name,
  }),
  fc.record({ type: fc.constant("TXT" as const), strings: fc.array(octets, { minLength: 1, maxLength: 4 }) }),
  fc.record({
    type: fc.constant("SOA" as const),
    primary: name,
    mailbox: name,
    serial: uint32,
    refreshSeconds: uint32,
    retrySeconds: uint32,
    expireSeconds: uint32,
    minimumSeconds: uint32,
  }),
  fc.record({
    type: fc.constant("unknown" as const),
    code: fc.constantFrom(...keptAsOctets),
    bytes: fc.uint8Array({ maxLength: 100 }).map(bytes => new Uint8Array(bytes)),
  }),
);
const record: fc.Arbitrary<ResourceRecord> = fc.record({
  name,
  class: fc.constantFrom(1, 3, 4, 32),
  ttlSeconds: uint32,
  data,
});

test("any record that is written and read is the same record", () => {
  fc.assert(
    fc.property(record, one =>
      assert.deepEqual(parseRecord(formatRecord(one), origin, 0), structuredClone(one)),
    ),
  );
});

test("any text is a record or a ZoneTextError at a place inside it", () => {
  const word = fc.constantFrom(
    ...'www @ 60 IN A AAAA MX TXT HTTPS NSEC \\# 4 0a ( ) ; " \\ . \n 192.0.2.1 alpn=h2 -'.split(" "),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(word).map(words => words.join(" ")),
  );
  fc.assert(
    fc.property(text, line => {
      try {
        parseRecord(line, origin, 0);
      } catch (error) {
        assert.ok(error instanceof ZoneTextError, String(error));
        const lines = line.split("\n");
        assert.ok(error.line >= 1 && error.line <= lines.length);
        assert.ok(error.column >= 1 && error.column <= (lines[error.line - 1] ?? "").length + 1);
      }
    }),
    { numRuns: 2000 },
  );
});
