import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressKey } from "../../src/cluster/address-key.ts";

test("addressKey of an IPv4 address is a number of 32 bits, of anything else the text itself", () => {
  assert.equal(addressKey("0.0.0.0"), 0);
  assert.equal(addressKey("10.0.0.1"), 0x0a000001);
  assert.equal(addressKey("255.255.255.255"), -1);
  for (const other of [
    ...["", ".", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "1.2.3.999"],
    ...["01.2.3.4", "1.2.3.00", "1.2.3.4 ", "1.2.3.a", "-1.2.3.4", "::1", "fe80::1", "::ffff:10.0.0.1"],
  ]) {
    assert.equal(addressKey(other), other);
  }
});

test("addressKey of two addresses is the same only when their texts are", () => {
  const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9.]{1,15}$/));
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      assert.equal(addressKey(one) === addressKey(other), one === other);
      assert.equal(addressKey(one), addressKey(`${one}`));
    }),
  );
  fc.assert(
    fc.property(fc.ipV4(), address => {
      const key = addressKey(address);
      assert.ok(typeof key === "number");
      assert.equal([24, 16, 8, 0].map(bits => (key >>> bits) & 255).join("."), address);
    }),
  );
});
