import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PlainQuery } from "../../../src/dns/server/plain-query.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { buildQuery } from "../../support/dns-client-query.ts";

const question = "web.shop.svc.cluster.local. A";

function read(octets: Uint8Array, seed = 1): PlainQuery | undefined {
  const query = new PlainQuery(seed);
  // Not where the buffer begins, and with something behind.
  const padded = Buffer.concat([Buffer.from([1, 2, 3]), octets, Buffer.from([9])]);
  return query.read(padded, 3, 3 + octets.length) ? query : undefined;
}

for (const [what, options] of [
  ["without EDNS", {}],
  ["with RD, AD and CD", { recursionDesired: true, authenticData: true, checkingDisabled: true }],
  ["with an EDNS size", { edns: { udpSizeBytes: 4096 } }],
  ["with DO", { edns: { udpSizeBytes: 1232, isDnssecOk: true } }],
] as const) {
  test(`a query ${what} is plain`, () => {
    const octets = buildQuery(question, options);
    const query = read(octets);
    const { edns } = decodeMessage(octets);
    assert.equal(query?.questionEnd, 12 + 28 + 4);
    assert.equal(query.flags, octets.readUInt16BE(2));
    const expected = edns === undefined ? -1 : edns.udpPayloadSizeBytes | (edns.isDnssecOk ? 0x10000 : 0);
    assert.equal(query.edns, expected);
  });
}

for (const [what, octets] of [
  ["a reply", buildQuery(question, { isResponse: true })],
  ["another opcode", buildQuery(question, { opcode: 4 })],
  ["an EDNS option", buildQuery(question, { edns: { options: [{ code: 10, data: Buffer.alloc(8) }] } })],
  ["an EDNS version", buildQuery(question, { edns: { version: 1 } })],
  ["octets behind it", Buffer.concat([buildQuery(question), Buffer.of(0)])],
  ["octets behind its OPT", Buffer.concat([buildQuery(question, { edns: {} }), Buffer.of(0)])],
  ["a header alone", buildQuery(question).subarray(0, 12)],
  ["a part of its type", buildQuery(question).subarray(0, -3)],
  ["a pointer for a name", withPointer()],
] as const) {
  test(`a query with ${what} is not plain`, () => assert.equal(read(octets), undefined));
}

function withPointer(): Buffer {
  const octets = buildQuery("x. A");
  octets.writeUInt16BE(0xc00c, 12);
  return octets;
}

test("queries have the same hash exactly when they differ in id and letter case only", () => {
  const base = read(buildQuery(question));
  assert.equal(read(buildQuery("WEB.shop.svc.cluster.LOCAL. A"))?.hash, base?.hash);
  for (const [other, options] of [
    ["web.shop.svc.cluster.local. AAAA", {}],
    ["web.shop.svc.cluster.loca1. A", {}],
    ["webs.hop.svc.cluster.local. A", {}],
    [question, { recursionDesired: true }],
    [question, { checkingDisabled: true }],
    [question, { authenticData: true }],
    [question, { edns: {} }],
    [question, { edns: { isDnssecOk: true } }],
    ["web.shop.svc.cluster.local. CH A", {}],
  ] as const) {
    assert.notEqual(read(buildQuery(other, options))?.hash, base?.hash, other);
  }
  assert.notEqual(read(buildQuery(question), 2)?.hash, base?.hash);
});

test("whatever is plain is a query with one question to the decoder, too", () => {
  const anyName = fc.array(fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/), { maxLength: 12 });
  const anyQuery = fc
    .tuple(anyName, fc.boolean())
    .map(([labels, hasEdns]) => buildQuery(`${labels.join(".")}. A`, hasEdns ? { edns: {} } : {}));
  const anyDamage = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 3 });
  fc.assert(
    fc.property(anyQuery, anyDamage, fc.nat(6), (query, damage, cut) => {
      const octets = Buffer.from(query.subarray(0, query.length - cut));
      for (const [at, octet] of damage) if (at < octets.length) octets[at] = octet;
      const plain = read(octets);
      if (plain === undefined) return;
      const message = decodeMessage(octets);
      assert.equal(message.questions.length, 1);
      const counts = [message.answers, message.authorities, message.additionals].map(({ length }) => length);
      assert.deepEqual(counts, [0, 0, 0]);
      assert.equal(message.edns === undefined, plain.edns === -1);
    }),
    { numRuns: 2000 },
  );
});
