import assert from "node:assert/strict";
import { isIP, SocketAddress } from "node:net";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  addressOfReverseName,
  addressToBytes,
  bytesToAddress,
  reverseName,
} from "../../../src/dns/wire/address.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import { formatName, isSameName, lowerName, parseName } from "../../../src/dns/wire/name.ts";
import { WireError } from "../../../src/dns/wire/wire-error.ts";
import { anyMessage, anyName, messageForDns2 } from "./arbitrary-message.ts";
import { decodeWithDns2, encodeWithDns2 } from "./dns2-message.ts";

suite("messages", () => {
  test("any message encoded and decoded is the same message", () =>
    fc.assert(
      fc.property(anyMessage, message => {
        assert.deepEqual(decodeMessage(encodeMessage(message, 65535)), message);
      }),
      { numRuns: 1000 },
    ));

  test("any message into any size is no larger, begins with the same records and says when one is missing", () =>
    fc.assert(
      fc.property(anyMessage, fc.integer({ min: 0, max: 2000 }), (message, maxSizeBytes) => {
        const wire = encodeOrUndefined({ ...message, isTruncated: false }, maxSizeBytes);
        if (wire === undefined) return;
        assert.ok(wire.length <= maxSizeBytes);
        const decoded = decodeMessage(wire);
        const all = [...message.answers, ...message.authorities, ...message.additionals];
        const kept = [...decoded.answers, ...decoded.authorities, ...decoded.additionals];
        assert.deepEqual(kept, all.slice(0, kept.length));
        assert.deepEqual(decoded.questions, message.questions);
        assert.equal(decoded.edns === undefined, message.edns === undefined);
        const optionCount = decoded.edns?.options.length;
        assert.equal(
          decoded.isTruncated,
          kept.length < all.length || optionCount !== message.edns?.options.length,
        );
      }),
      { numRuns: 1000 },
    ));

  test("any message that we encode is the same message to dns2", () =>
    fc.assert(
      fc.property(messageForDns2, message => {
        assert.deepEqual(decodeWithDns2(encodeMessage(message, 65535)), message);
      }),
      { numRuns: 300 },
    ));

  test("any message that dns2 encodes is the same message to us", () =>
    fc.assert(
      fc.property(messageForDns2, message => {
        assert.deepEqual(decodeMessage(encodeWithDns2(message)), message);
      }),
      { numRuns: 300 },
    ));
});

suite("names", () => {
  const pieceOfText = fc.constantFrom(
    ".",
    ".a",
    "\\",
    "\\0",
    "0",
    "25",
    "Z",
    " ",
    "\0",
    "\x7f",
    "ü",
    "€",
    "\ud800",
  );

  test("any name formatted and parsed is the same name", () =>
    fc.assert(fc.property(anyName, name => assert.deepEqual(parseName(formatName(name)), name))));

  test("any name is the same name as its lower case, which is its own", () =>
    fc.assert(
      fc.property(anyName, name => {
        const lower = lowerName(name);
        assert.ok(isSameName(name, lower));
        assert.equal(lowerName(lower), lower);
      }),
    ));

  test("any text is parsed into a name that fits the wire or is a WireError", () =>
    fc.assert(
      fc.property(fc.string({ unit: pieceOfText, maxLength: 300 }), text => {
        const name = valueOrUndefined(() => parseName(text));
        if (name !== undefined) assert.deepEqual(parseName(formatName(name)), name);
      }),
    ));
});

suite("addresses", () => {
  const text = fc.oneof(fc.ipV4(), fc.ipV6());

  test("any address has the octets and the canonical text that the operating system gives it", () =>
    fc.assert(
      fc.property(text, address => {
        const canonical = bytesToAddress(addressToBytes(address));
        const family = isIP(address) === 6 ? "ipv6" : "ipv4";
        const expected = new SocketAddress({ address, family }).address;
        // inet_ntop also writes the deprecated ::10.0.0.1 with dots, which RFC 5952 does not.
        if (!/^::\d+\./.test(expected)) assert.equal(canonical, expected);
        assert.deepEqual(addressToBytes(canonical), addressToBytes(address));
      }),
      { numRuns: 1000 },
    ));

  test("any text made of the characters of addresses is one exactly when the operating system says so", () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("::", ":", ".", "0", "1", "255", "f", "abcd", "1.2.3.4")),
        parts => {
          const candidate = parts.join("");
          const bytes = valueOrUndefined(() => addressToBytes(candidate));
          assert.equal(bytes !== undefined, isIP(candidate) !== 0, candidate);
        },
      ),
      { numRuns: 3000 },
    ));

  test("any address is that of its reverse name", () =>
    fc.assert(
      fc.property(text, address => {
        assert.equal(addressOfReverseName(reverseName(address)), bytesToAddress(addressToBytes(address)));
      }),
    ));
});

function encodeOrUndefined(
  ...[message, maxSizeBytes]: Parameters<typeof encodeMessage>
): Uint8Array | undefined {
  return valueOrUndefined(() => encodeMessage(message, maxSizeBytes));
}

/** Anything thrown but a WireError is a failure. */
function valueOrUndefined<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    return undefined;
  }
}
