import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { formatNetwork, isWithin, parseNetwork, withoutNested } from "../../../src/proxy/plan/network.ts";

// Few bits vary, so that networks and addresses meet.
const number = fc.constantFrom(0, 1, 128, 255);
const ipv4 = fc.tuple(number, number, number, number).map(octets => octets.join("."));
const ipv6 = fc
  .tuple(number, number, number)
  .map(([a, b, c]) => `${a.toString(16)}:${b.toString(16)}::${c.toString(16)}`);
const networks4 = fc.array(fc.tuple(ipv4, fc.nat(32)), { maxLength: 6 });
const networks6 = fc.array(fc.tuple(ipv6, fc.nat(128)), { maxLength: 6 });

for (const [family, address, networks] of [
  ["ipv4", ipv4, networks4],
  ["ipv6", ipv6, networks6],
] as const) {
  test(`isWithin for any ${family} address agrees with the platform, nested networks left out or not`, () => {
    fc.assert(
      fc.property(address, networks, (subject, given) => {
        const expected = new BlockList();
        for (const [first, prefixLength] of given) expected.addSubnet(first, prefixLength, family);
        const texts = given.map(([first, prefixLength]) => `${first}/${prefixLength}`);
        assert.equal(isWithin(subject, texts), expected.check(subject, family));
        const parsed = texts.map(parseNetwork).filter(network => network !== undefined);
        const outermost = withoutNested(parsed).map(formatNetwork);
        assert.equal(isWithin(subject, outermost), expected.check(subject, family));
      }),
    );
  });
}

test("isWithin of a network of the other family, and for what is no address, is false", () => {
  assert.equal(isWithin("10.0.0.1", ["::/0"]), false);
  assert.equal(isWithin("::1", ["0.0.0.0/0"]), false);
  assert.equal(isWithin("web.example", ["0.0.0.0/0"]), false);
});
