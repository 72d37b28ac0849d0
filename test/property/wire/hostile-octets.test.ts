import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import { WireError } from "../../../src/dns/wire/wire-error.ts";
import { anyMessage } from "./arbitrary-message.ts";

type Outcome = "decoded" | WireError["code"];

/** Fails on anything thrown but a WireError, and when what was decoded cannot be encoded again. */
function decode(octets: Uint8Array): Outcome {
  try {
    encodeMessage(decodeMessage(octets), 65535);
    return "decoded";
  } catch (error) {
    if (error instanceof WireError) return error.code;
    throw error;
  }
}

suite("hostile octets", () => {
  test("any octets are a message or a WireError", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), octets => {
        decode(octets);
      }),
      { numRuns: 2000 },
    ));

  const change = fc.record({
    at: fc.nat(),
    octet: fc.constantFrom(0, 1, 12, 63, 64, 127, 128, 192, 193, 255),
  });

  test("any message with some octets changed is a message or a WireError", () => {
    const seen = new Set<Outcome>();
    fc.assert(
      fc.property(anyMessage, fc.array(change, { minLength: 1, maxLength: 4 }), (message, changes) => {
        const wire = Buffer.from(encodeMessage(message, 65535));
        for (const { at, octet } of changes) wire[at % wire.length] = octet;
        seen.add(decode(wire));
      }),
      { numRuns: 2000, seed: 1 },
    );
    // The changes have to reach every way in which decoding fails, or this test would be blind.
    const wanted = ["decoded", "TRUNCATED", "BAD_LABEL", "BAD_POINTER", "BAD_RDATA", "BAD_OPT"] as const;
    assert.deepEqual(
      wanted.filter(outcome => !seen.has(outcome)),
      [],
    );
  });

  test("any message cut anywhere is a WireError", () =>
    fc.assert(
      fc.property(anyMessage, fc.nat(), (message, at) => {
        const wire = encodeMessage(message, 65535);
        assert.match(decode(wire.subarray(0, at % wire.length)), /^(SHORT_HEADER|TRUNCATED)$/);
      }),
      { numRuns: 1000 },
    ));
});

/** Many times what a message of the same size takes that is only large. */
const generousLimitMs = 500;

suite("messages made to be slow", () => {
  test("a chain of 8000 pointers under 4126 records is refused at its first name", () => {
    const wire = pointerChain(8000, 4126);
    assert.equal(wire.length, 65_524);
    assert.equal(timedDecoding(wire), "BAD_POINTER");
  });

  test("names of 126 pointers, as many as are followed, are decoded in time", () => {
    assert.equal(timedDecoding(pointerChain(125, 5400)), "decoded");
    assert.equal(timedDecoding(pointerChain(126, 5400)), "BAD_POINTER");
  });

  test("names of 125 labels with a pointer behind each are decoded in time", () => {
    assert.equal(timedDecoding(labelsAndPointers()), "decoded");
  });

  test("more names than the encoder can remember are encoded in time and right", () => {
    const labels = ["0", "1", "00", "01", "10", "11"];
    const name = (seed: number) =>
      Array.from({ length: 80 }, (_, index) => labels[(index * seed + seed) % 6] as string);
    const questions = Array.from({ length: 250 }, (_, index) => ({ name: name(index), type: 1, class: 1 }));
    const message = { ...decodeMessage(header(0)), questions };
    const wire = timed(() => encodeMessage(message, 65535));
    assert.deepEqual(decodeMessage(wire), message);
  });
});

/** Of this thread's own time: others on a busy machine do not count. */
function timed<T>(work: () => T): T {
  const before = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(before);
  const tookMs = (user + system) / 1000;
  assert.ok(tookMs < generousLimitMs, `it took ${tookMs} ms`);
  return result;
}

function timedDecoding(wire: Buffer): Outcome {
  return timed(() => outcomeOfDecoding(wire));
}

function outcomeOfDecoding(wire: Buffer): Outcome {
  try {
    decodeMessage(wire);
    return "decoded";
  } catch (error) {
    assert.ok(error instanceof WireError);
    return error.code;
  }
}

/** One NULL record that holds a root name and `pointers` pointers, each to the one before; the rest is owned by the last. */
function pointerChain(pointers: number, recordCount: number): Buffer {
  const chain = Buffer.alloc(2 * pointers);
  for (let index = 0; index < pointers; index++) {
    chain.writeUInt16BE(0xc000 | (index === 0 ? 11 + 12 : 11 + 12 + 1 + 2 * (index - 1)), 2 * index);
  }
  const owner = pointerTo(11 + 12 + 1 + 2 * (pointers - 1));
  const owned = Array.from({ length: recordCount - 1 }, () => nullRecord(owner, Buffer.alloc(0)));
  return Buffer.concat([
    header(recordCount),
    nullRecord(Buffer.of(0), Buffer.concat([Buffer.of(0), chain])),
    ...owned,
  ]);
}

/** Chains of `a` + pointer in all that pointers can reach, then CNAMEs whose two names end in different ones of them. */
function labelsAndPointers(): Buffer {
  const records: Buffer[] = [];
  const ends: number[] = [];
  let at = 12;
  while (at + 11 + 1 + 125 * 4 < 0x4000) {
    const chain = Buffer.alloc(1 + 125 * 4);
    for (let index = 0; index < 125; index++) {
      chain.set([1, 0x61], 1 + 4 * index);
      chain.set(pointerTo(at + 11 + (index === 0 ? 0 : 1 + 4 * (index - 1))), 3 + 4 * index);
    }
    records.push(nullRecord(Buffer.of(0), chain));
    at += 11 + chain.length;
    ends.push(at - 4, at - 8, at - 12);
  }
  for (let index = 0; at + 14 <= 65_535; index++, at += 14) {
    const owner = pointerTo(ends[(2 * index) % ends.length] as number);
    const target = pointerTo(ends[(2 * index + 1) % ends.length] as number);
    records.push(Buffer.concat([owner, Buffer.from("0005000100000000" + "0002", "hex"), target]));
  }
  return Buffer.concat([header(records.length), ...records]);
}

function header(answerCount: number): Buffer {
  const octets = Buffer.alloc(12);
  octets.writeUInt16BE(answerCount, 6);
  return octets;
}

/** Type 10, whose data is opaque. */
function nullRecord(owner: Buffer, data: Buffer): Buffer {
  const fields = Buffer.from("000a0001000000000000", "hex");
  fields.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fields, data]);
}

function pointerTo(offset: number): Buffer {
  return Buffer.of(0xc0 | (offset >>> 8), offset & 0xff);
}
