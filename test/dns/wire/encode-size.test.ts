import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { extendedErrorOption, parseExtendedError } from "../../../src/dns/wire/ede.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import type { Message } from "../../../src/dns/wire/message.ts";
import { parseName } from "../../../src/dns/wire/name.ts";
import type { RecordData } from "../../../src/dns/wire/record.ts";
import { emptyMessage, plainEdns, record } from "./messages.ts";

const reply: Message = { ...emptyMessage, isResponse: true };
const question = (name: string) => ({ name: parseName(name), type: 1, class: 1 });
const a: RecordData = { type: "A", address: "10.0.0.1" };

suite("encodeMessage into a limited size", () => {
  const ten = (name: string) => Array.from({ length: 10 }, () => record(name, a));
  const message: Message = {
    ...reply,
    questions: [question("web")],
    answers: ten("web"),
    authorities: ten("web"),
    additionals: ten("web"),
  };
  /** Header and question; each record after that has 16 octets. */
  const headSizeBytes = 21;
  const counts = (bytes: Uint8Array) => {
    const { answers, authorities, additionals, isTruncated } = decodeMessage(bytes);
    return [answers.length, authorities.length, additionals.length, isTruncated];
  };

  const table: readonly (readonly [maxSizeBytes: number, counts: readonly unknown[]])[] = [
    [65535, [10, 10, 10, false]],
    [headSizeBytes + 30 * 16, [10, 10, 10, false]],
    [headSizeBytes + 30 * 16 - 1, [10, 10, 9, true]],
    [headSizeBytes + 21 * 16, [10, 10, 1, true]],
    [headSizeBytes + 21 * 16 - 1, [10, 10, 0, true]],
    [headSizeBytes + 20 * 16 - 1, [10, 9, 0, true]],
    [headSizeBytes + 10 * 16 - 1, [9, 0, 0, true]],
    [headSizeBytes, [0, 0, 0, true]],
  ];
  for (const [maxSizeBytes, expected] of table) {
    test(`encodeMessage into ${maxSizeBytes} octets keeps ${expected}`, () => {
      const bytes = encodeMessage(message, maxSizeBytes);
      assert.ok(bytes.length <= maxSizeBytes);
      assert.deepEqual(counts(bytes), expected);
    });
    test(`encodeMessage with OPT into ${maxSizeBytes + 11} octets keeps ${expected} and the OPT`, () => {
      const bytes = encodeMessage({ ...message, edns: plainEdns }, maxSizeBytes + 11);
      assert.ok(bytes.length <= maxSizeBytes + 11);
      assert.deepEqual(counts(bytes), expected);
      assert.deepEqual(decodeMessage(bytes).edns, plainEdns);
    });
  }

  test("encodeMessage of records that do not fit in order keeps none behind the first that does not", () => {
    const large = record("web", { type: "TXT", strings: ["x".repeat(255)] });
    const bytes = encodeMessage({ ...message, answers: [record("web", a), large, record("web", a)] }, 120);
    assert.deepEqual(counts(bytes), [1, 0, 0, true]);
  });

  test("encodeMessage of a message that was truncated before keeps TC", () =>
    assert.deepEqual(counts(encodeMessage({ ...message, isTruncated: true }, 65535)), [10, 10, 10, true]));

  test("encodeMessage without a limit stops at the 65535 octets of TCP", () => {
    const answers = Array.from({ length: 5000 }, () => record("web", a));
    const bytes = encodeMessage({ ...message, answers }, Number.MAX_SAFE_INTEGER);
    assert.deepEqual(counts(bytes), [Math.floor((65535 - headSizeBytes) / 16), 0, 0, true]);
  });

  test("encodeMessage into less than header, question and OPT throws MESSAGE_TOO_LONG", () => {
    for (const maxSizeBytes of [0, 12, headSizeBytes - 1]) {
      assert.throws(() => encodeMessage(message, maxSizeBytes), {
        name: "WireError",
        code: "MESSAGE_TOO_LONG",
      });
    }
    assert.throws(() => encodeMessage({ ...message, edns: plainEdns }, headSizeBytes + 10), {
      code: "MESSAGE_TOO_LONG",
    });
  });

  const why = extendedErrorOption(0, "no room for this");
  const cookie = { code: 10, data: new Uint8Array(8) };
  const explained = { ...message, edns: { ...plainEdns, options: [why, cookie] } };
  const fullSizeBytes = headSizeBytes + 30 * 16 + 11 + 12 + 22;

  test("encodeMessage with room for everything keeps the extended error", () => {
    const decoded = decodeMessage(encodeMessage(explained, fullSizeBytes));
    assert.equal(decoded.isTruncated, false);
    assert.deepEqual(decoded.edns?.options.map(parseExtendedError), [
      { infoCode: 0, text: "no room for this" },
      undefined,
    ]);
  });

  test("encodeMessage with too little room drops the extended error before any record and sets TC", () => {
    const bytes = encodeMessage(explained, fullSizeBytes - 1);
    assert.deepEqual(counts(bytes), [10, 10, 10, true]);
    assert.deepEqual(decodeMessage(bytes).edns?.options, [cookie]);
  });

  test("encodeMessage with an extended error that alone is too large drops it", () => {
    const edns = { ...plainEdns, options: [extendedErrorOption(0, "x".repeat(600))] };
    assert.deepEqual(counts(encodeMessage({ ...message, edns }, 512)), [10, 10, 10, true]);
  });
});
