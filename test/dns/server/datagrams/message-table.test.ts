import assert from "node:assert/strict";
import { test } from "node:test";
import { controlOffset, envelopeShape, keepEnvelope } from "../../../../src/dns/server/datagrams/envelope.ts";
import { MessageTable } from "../../../../src/dns/server/datagrams/message-table.ts";
import { Slab } from "../../../../src/dns/server/datagrams/slab.ts";

const base = 0x7f00_0000_0000n;
const count = 4;
const partCount = 2;

function tableOf(family: "IPv4" | "IPv6", tellsDestination: boolean) {
  const slab = new Slab(MessageTable.sizeBytes(count, partCount) + 1_024, () => base);
  return { slab, table: new MessageTable(slab, count, partCount, envelopeShape(family, tellsDestination)) };
}

for (const [family, tellsDestination, nameSize, controlSize] of [
  ["IPv4", false, 16, 0],
  ["IPv4", true, 16, 32],
  ["IPv6", false, 28, 0],
  ["IPv6", true, 28, 40],
] as const) {
  const what = `${family} message ${tellsDestination ? "with" : "without"} its destination`;

  test(`${what} points to places of its own, all within the table`, () => {
    const { slab, table } = tableOf(family, tellsDestination);
    const pointers: number[] = [];
    for (let index = 0; index < count; index++) {
      const header = Number(table.addressOf(index) - base);
      const pointer = (offset: number) => Number(slab.octets.readBigUInt64LE(header + offset) - base);
      assert.equal(slab.octets.readUInt32LE(header + 8), nameSize);
      assert.equal(slab.octets.readBigUInt64LE(header + 24), BigInt(partCount));
      assert.equal(slab.octets.readBigUInt64LE(header + 40), BigInt(controlSize));
      assert.equal(pointer(0), table.envelopeWord(index) * 4);
      if (tellsDestination) assert.equal(pointer(32), pointer(0) + controlOffset);
      else assert.equal(slab.octets.readBigUInt64LE(header + 32), 0n);
      pointers.push(header, pointer(16), pointer(0), pointer(0) + controlOffset + controlSize);
    }
    assert.equal(new Set(pointers).size, pointers.length);
    assert.ok(Math.max(...pointers) <= MessageTable.sizeBytes(count, partCount));
  });

  test(`${what} takes another's envelope, but for the interface it came through`, () => {
    const { table: from, slab } = tableOf(family, tellsDestination);
    const { table: to } = tableOf(family, tellsDestination);
    const firstWord = from.envelopeWord(2);
    const { wordCount, interfaceWord } = from.shape;
    for (let word = 0; word < wordCount; word++) slab.words[firstWord + word] = 0x1000 + word;
    const envelope = { words: slab.words, firstWord, controlSizeBytes: controlSize };
    const kept = keepEnvelope(envelope, from.shape);
    const expected = Array.from({ length: wordCount }, (_, word) =>
      word === interfaceWord ? 0 : 0x1000 + word,
    );
    const copied = (index: number) =>
      Array.from(to.slab.words.subarray(to.envelopeWord(index), to.envelopeWord(index) + wordCount));
    to.setEnvelope(1, envelope);
    assert.deepEqual(copied(1), expected);
    slab.words.fill(0);
    to.setEnvelope(3, kept);
    assert.deepEqual(copied(3), expected);
    assert.deepEqual([to.controlSize(1), to.controlSize(3)], [controlSize, controlSize]);
  });
}

test("a message whose query told no destination is sent without one", () => {
  const { table } = tableOf("IPv4", true);
  table.setEnvelope(0, { words: new Uint32Array(24), firstWord: 0, controlSizeBytes: 0 });
  assert.equal(table.controlSize(0), 0);
});
