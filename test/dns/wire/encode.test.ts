import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import type { Message } from "../../../src/dns/wire/message.ts";
import { parseName } from "../../../src/dns/wire/name.ts";
import type { RecordData, ResourceRecord } from "../../../src/dns/wire/record.ts";
import { formatRecord } from "../../support/zone-text.ts";
import { emptyMessage, plainEdns, record } from "./messages.ts";
import { octets } from "./octets.ts";

const reply: Message = { ...emptyMessage, isResponse: true };
const question = (name: string) => ({ name: parseName(name), type: 1, class: 1 });
const a: RecordData = { type: "A", address: "10.0.0.1" };
const cname = (target: string): RecordData => ({ type: "CNAME", target: parseName(target) });
const srv = (target: string): RecordData => ({
  type: "SRV",
  priority: 1,
  weight: 2,
  port: 3,
  target: parseName(target),
});

function hexOf(message: Message): string {
  return Buffer.from(encodeMessage(message, 65535)).toString("hex");
}

/** Of a message with these answers, the octets behind the header. */
function answersHex(...answers: readonly ResourceRecord[]): string {
  return hexOf({ ...reply, answers }).slice(24);
}

suite("encodeMessage", () => {
  const aTail = "0001 0001 00000005 0004 0a000001";
  const golden: readonly (readonly [what: string, answers: readonly ResourceRecord[], expected: string])[] = [
    ["an owner of its own", [record("web.shop", a)], `'web' 'shop' 00 ${aTail}`],
    ["the root as owner", [record(".", a)], `00 ${aTail}`],
    [
      "the same owner again",
      [record("web.shop", a), record("web.shop", a)],
      `'web' 'shop' 00 ${aTail} c00c ${aTail}`,
    ],
    ["an owner above", [record("web.shop", a), record("shop", a)], `'web' 'shop' 00 ${aTail} c010 ${aTail}`],
    ["an owner below", [record("shop", a), record("web.shop", a)], `'shop' 00 ${aTail} 'web' c00c ${aTail}`],
    [
      "the same owner in other letters, which is written out",
      [record("web.shop", a), record("web.SHOP", a), record("WEB.SHOP", a)],
      `'web' 'shop' 00 ${aTail} 'web' 'SHOP' 00 ${aTail} 'WEB' c028 ${aTail}`,
    ],
    [
      "labels that only look like the same name",
      [record("a\\.b", a), record("a.b", a), record("b", a)],
      `'a.b' 00 ${aTail} 'a' 'b' 00 ${aTail} c021 ${aTail}`,
    ],
    [
      "a target below the owner",
      [record("web", cname("a.web")), record("a.web", a)],
      `'web' 00 0005 0001 00000005 0004 'a' c00c c01b ${aTail}`,
    ],
    [
      "an SRV target, which is written out and pointed to later",
      [record("s", srv("a.s")), record("a.s", a), record("b.a.s", srv("a.s"))],
      `'s' 00 0021 0001 00000005 000b 0001 0002 0003 'a' 's' 00 c01f ${aTail}
       'b' c01f 0021 0001 00000005 000b 0001 0002 0003 'a' 's' 00`,
    ],
    [
      "names in MX and SOA",
      [
        record("s", { type: "MX", preference: 10, exchange: parseName("m.s") }),
        record("s", {
          type: "SOA",
          primary: parseName("s"),
          mailbox: parseName("m.s"),
          serial: 0xffffffff,
          refreshSeconds: 1,
          retrySeconds: 2,
          expireSeconds: 3,
          minimumSeconds: 4,
        }),
      ],
      `'s' 00 000f 0001 00000005 0006 000a 'm' c00c
       c00c 0006 0001 00000005 0018 c00c c01b ffffffff 00000001 00000002 00000003 00000004`,
    ],
    [
      "TXT",
      [record("s", { type: "TXT", strings: ["ab", "", "\xff"] })],
      "'s' 00 0010 0001 00000005 0006 'ab' 00 01 ff",
    ],
    [
      "octets of a type that is not known",
      [record("s", { type: "unknown", code: 0xffff, bytes: Buffer.from("c00c", "hex") })],
      "'s' 00 ffff 0001 00000005 0002 c00c",
    ],
  ];
  for (const [what, answers, expected] of golden) {
    test(`encodeMessage with ${what} gives the octets of the table`, () =>
      assert.equal(answersHex(...answers), octets(expected).toString("hex")));
  }

  test("encodeMessage with an answer to the question points to 0xC00C with its letter case", () => {
    const message = { ...reply, questions: [question("WeB.sHop")], answers: [record("WeB.sHop", a)] };
    const expected = octets(
      "0000 8000 0001 0001 0000 0000 'WeB' 'sHop' 00 0001 0001 c00c 0001 0001 00000005 0004 0a000001",
    );
    assert.equal(hexOf(message), expected.toString("hex"));
  });

  test("encodeMessage with EDNS puts OPT last and splits the rcode", () => {
    const options = [{ code: 3, data: Buffer.from("ab") }];
    const edns = { udpPayloadSizeBytes: 4096, version: 1, isDnssecOk: true, options };
    const message = { ...reply, rcode: 0xabc, additionals: [record("s", a)], edns };
    const expected = octets(
      "0000 800c 0000 0000 0000 0002 's' 00 0001 0001 00000005 0004 0a000001",
      "00 0029 1000 ab 01 8000 0006 0003 0002 6162",
    );
    assert.equal(hexOf(message), expected.toString("hex"));
  });

  test("encodeMessage twice gives results that do not share octets", () => {
    const first = encodeMessage({ ...reply, id: 1 }, 512);
    const copy = Buffer.from(first);
    encodeMessage({ ...reply, id: 0xffff, questions: [question("web")] }, 512);
    assert.deepEqual(Buffer.from(first), copy);
  });

  test("encodeMessage after one that threw knows none of its names", () => {
    const bad = record("web.shop", { type: "A", address: "" });
    assert.throws(() => encodeMessage({ ...reply, answers: [bad] }, 512), { code: "BAD_ADDRESS" });
    assert.equal(answersHex(record("web.shop", a)), octets(`'web' 'shop' 00 ${aTail}`).toString("hex"));
  });

  test("encodeMessage after as many messages as the table of names counts never finds a name of an older one", () => {
    encodeMessage(
      { ...reply, questions: [question("long-enough-to-come-after-what-follows"), question("web")] },
      512,
    );
    for (let index = 0; index < 65_534; index++) encodeMessage(reply, 512);
    assert.equal(answersHex(record("web", a)), octets(`'web' 00 ${aTail}`).toString("hex"));
  });

  test("encodeMessage with a label that begins another never takes it for the other", () => {
    // Enough pairs for some to meet in one place of the table of names.
    for (let index = 0; index < 30_000; index++) {
      const [long, short] = [[`web-${index}-longer`], [`web-${index}`]] as const;
      const questions = [long, short].map(name => ({ name, type: 1, class: 1 }));
      const sizeBytes = 12 + long[0].length + short[0].length + 2 * 6;
      assert.equal(encodeMessage({ ...reply, questions }, 512).length, sizeBytes);
    }
  });

  test("encodeMessage with names beyond 16 KiB writes them out and decodes to the same", () => {
    const answers = Array.from({ length: 2000 }, (_, index) =>
      record(`host-${index >>> 1}.example.org`, cname(`x${index}.y`)),
    );
    const again = decodeMessage(encodeMessage({ ...reply, answers }, 65535));
    assert.deepEqual(again.answers.map(formatRecord), answers.map(formatRecord));
  });
});

suite("encodeMessage of values that have no place", () => {
  const answer = (data: RecordData): Partial<Message> => ({ answers: [record("s", data)] });
  const owner = (...name: string[]): Partial<Message> => ({ answers: [{ ...record("s", a), name }] });
  const edns = (fields: object): Partial<Message> => ({ edns: { ...plainEdns, ...fields } });
  const long = "a".repeat(63);
  const table: readonly (readonly [what: string, code: string, fields: Partial<Message>])[] = [
    ["an id of 17 bits", "OUT_OF_RANGE", { id: 65536 }],
    ["a negative id", "OUT_OF_RANGE", { id: -1 }],
    ["an opcode of 5 bits", "OUT_OF_RANGE", { opcode: 16 }],
    ["an rcode of 13 bits", "OUT_OF_RANGE", { rcode: 4096, edns: plainEdns }],
    ["an rcode of 5 bits without EDNS", "OUT_OF_RANGE", { rcode: 16 }],
    ["a question type of 17 bits", "OUT_OF_RANGE", { questions: [{ ...question("s"), type: 65536 }] }],
    ["a class of 17 bits", "OUT_OF_RANGE", { answers: [{ ...record("s", a), class: 65536 }] }],
    ["a TTL of 2^31", "OUT_OF_RANGE", { answers: [record("s", a, 2 ** 31)] }],
    ["a negative TTL", "OUT_OF_RANGE", { answers: [record("s", a, -1)] }],
    ["a fractional TTL", "OUT_OF_RANGE", { answers: [record("s", a, 0.5)] }],
    ["a port of 17 bits", "OUT_OF_RANGE", answer({ ...srv("s"), port: 65536 } as RecordData)],
    ["a port that is NaN", "OUT_OF_RANGE", answer({ ...srv("s"), port: Number.NaN } as RecordData)],
    [
      "an unknown type of 17 bits",
      "OUT_OF_RANGE",
      answer({ type: "unknown", code: 65536, bytes: new Uint8Array() }),
    ],
    [
      "65536 octets of data",
      "OUT_OF_RANGE",
      answer({ type: "unknown", code: 10, bytes: new Uint8Array(65536) }),
    ],
    ["an EDNS version of 9 bits", "OUT_OF_RANGE", edns({ version: 256 })],
    ["a payload size of 17 bits", "OUT_OF_RANGE", edns({ udpPayloadSizeBytes: 65536 })],
    [
      "an option code of 17 bits",
      "OUT_OF_RANGE",
      edns({ options: [{ code: 65536, data: new Uint8Array() }] }),
    ],
    [
      "options over 65535 octets",
      "MESSAGE_TOO_LONG",
      edns({ options: [{ code: 3, data: new Uint8Array(65536) }] }),
    ],
    ["OPT among the records", "BAD_OPT", answer({ type: "unknown", code: 41, bytes: new Uint8Array() })],
    ["an IPv6 address in A", "BAD_ADDRESS", answer({ type: "A", address: "::1" })],
    ["an IPv4 address in AAAA", "BAD_ADDRESS", answer({ type: "AAAA", address: "10.0.0.1" })],
    ["TXT without strings", "BAD_RDATA", answer({ type: "TXT", strings: [] })],
    ["a string of 256 octets", "BAD_RDATA", answer({ type: "TXT", strings: ["a".repeat(256)] })],
    ["a string that is not octets", "BAD_RDATA", answer({ type: "TXT", strings: ["ā"] })],
    [
      "strings over 65535 octets",
      "BAD_RDATA",
      answer({ type: "TXT", strings: Array(257).fill("a".repeat(255)) }),
    ],
    ["an empty label", "BAD_LABEL", owner("a", "", "b")],
    ["a label of 64 octets", "BAD_LABEL", owner("a".repeat(64))],
    ["a label that is not octets", "BAD_LABEL", owner("ā")],
    ["a name of 256 octets", "NAME_TOO_LONG", owner(long, long, long, "b".repeat(62))],
  ];
  for (const [what, code, fields] of table) {
    test(`encodeMessage with ${what} throws ${code}`, () =>
      assert.throws(() => encodeMessage({ ...reply, ...fields }, 65535), { name: "WireError", code }));
  }
});
