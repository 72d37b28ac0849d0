import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Slab } from "../../../../src/dns/server/datagrams/slab.ts";

const fourGigabytes = 0x1_0000_0000n;

test("a pointer is the address of its target, wherever the slab is", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.bigInt({ min: 0n, max: 0x7fff_ffff_f000n }),
        // Where the lower half overflows in the middle of the slab.
        fc.bigInt({ min: 0n, max: 0x7fffn }).map(upper => (upper + 1n) * fourGigabytes - 2_048n),
      ),
      fc.nat(4_095),
      fc.nat(1_022),
      (address, target, word) => {
        const slab = new Slab(4_096, () => address);
        slab.writePointer(word * 4, target);
        assert.equal(slab.octets.readBigUInt64LE(word * 4), address + BigInt(target));
        assert.equal(slab.addressAt(target), address + BigInt(target));
      },
    ),
  );
});

test("a slab begins with zeros, and its two views are the same memory", () => {
  const slab = new Slab(4_096, () => 0n);
  assert.ok(slab.octets.every(octet => octet === 0));
  slab.octets.writeUInt32LE(0x01020304, 8);
  assert.equal(slab.words[2], 0x01020304);
});
