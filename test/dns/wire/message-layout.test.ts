import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { layoutOf } from "../../../src/dns/wire/message-layout.ts";
import { octets } from "./octets.ts";

const question = "'web' 00 0001 0001";
const head = (counts: string) => `1234 8180 0001 ${counts} ${question}`;
const oneAnswer = head("0001 0000 0000");

test("layoutOf a message tells where its records are", () => {
  const wire = octets(
    head("0001 0001 0001"),
    "c00c 0001 0001 0000001e 0004 0a000001",
    "00 0002 0001 00000005 0004 'a' c00c",
    "00 0029 04d0 00000000 0004 000f 0000",
  );
  assert.deepEqual(layoutOf(wire), {
    questionEnd: 21,
    typesAt: [23, 38],
    answersEnd: 1,
    authoritiesEnd: 2,
    recordsEnd: 52,
    optionsStart: 63,
    optionsEnd: 67,
  });
});

/** All of these are messages to `decodeMessage`. */
for (const [what, wire] of [
  [
    "an OPT before another record",
    [head("0000 0000 0002"), "00 0029 04d0 00000000 0000", "00 0001 0001 00000000 0004 0a000001"],
  ],
  ["a part of the code in the OPT", [head("0000 0000 0001"), "00 0029 04d0 01000000 0000"]],
  ["a name compressed inside an old type", [oneAnswer, "00 0012 0001 00000000 0004 0001 c00c"]],
  [
    "a name that begins in a TTL",
    [head("0002 0000 0000"), "00 000a 0001 00000000 0000", "c018 0001 0001 00000000 0004 0a000001"],
  ],
  [
    "a name that begins in opaque data",
    [head("0002 0000 0000"), "00 000a 0001 00000000 0003 'a' 00", "c020 0001 0001 00000000 0004 0a000001"],
  ],
] as const) {
  test(`layoutOf a message with ${what} is left to decoding`, () => {
    assert.equal(layoutOf(octets(...wire)), undefined);
    decodeMessage(octets(...wire));
  });
}

test("layoutOf a name over 255 octets is undefined, also when a pointer makes it so", () => {
  const label = `'${"x".repeat(63)}'`;
  const long = `${label} ${label} ${label} '${"x".repeat(61)}' 00`;
  const before = `1234 8180 0001 0001 0000 0000 ${long} 0001 0001`;
  const data = "0001 0001 00000000 0004 0a000001";
  assert.ok(layoutOf(octets(before, `c00c ${data}`)));
  assert.equal(layoutOf(octets(before, `'y' c00c ${data}`)), undefined);
});

/** The same octets, and how often one was read. */
function counted(octets: Buffer) {
  const reads = { count: 0 };
  const get = (target: Buffer, key: string | symbol) => {
    reads.count++;
    const value = Reflect.get(target, key);
    return typeof value === "function" ? value.bind(target) : value;
  };
  return { octets: new Proxy(octets, { get }), reads };
}

test("layoutOf pointers as many as there is room for reads no octet over and over", () => {
  const chain = Array.from({ length: 8000 }, (_, index) =>
    index === 0 ? 0xc00c : 0xc000 | (12 + 9 + 2 * index),
  );
  const pointers = chain.map(pointer => pointer.toString(16).padStart(4, "0")).join(" ");
  const owned = Array.from({ length: 3000 }, () => "ffff 0001 0001 00000000 0004 0a000001").join(" ");
  const wire = octets(head("0bb9 0000 0000"), `00 000a 0001 00000000 3e80 ${pointers}`, owned);
  const { octets: observed, reads } = counted(wire);
  assert.equal(layoutOf(observed), undefined);
  assert.ok(reads.count < wire.length, `${reads.count} reads`);
});
