import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { factsOf, plainFactsOf } from "../../../src/dns/plugins/cache/reply-facts.ts";
import { octetsReply } from "../../../src/dns/plugins/octets-reply.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import type { Message, Question } from "../../../src/dns/wire/message.ts";
import { rcodes } from "../../../src/dns/wire/message.ts";
import type { RecordData, ResourceRecord } from "../../../src/dns/wire/record.ts";
import { typeCodes } from "../../../src/dns/wire/record.ts";
import { emptyMessage } from "../../dns/wire/messages.ts";

const name = ["www", "example"];
const soa: RecordData = {
  ...{ type: "SOA", primary: ["ns"], mailbox: ["admin"], serial: 1 },
  ...{ refreshSeconds: 2, retrySeconds: 3, expireSeconds: 4, minimumSeconds: 5 },
};
const datas: readonly RecordData[] = [
  { type: "A", address: "192.0.2.1" },
  { type: "AAAA", address: "2001:db8::1" },
  { type: "CNAME", target: ["other", "example"] },
  { type: "NS", target: ["ns"] },
  { type: "TXT", strings: ["text"] },
  soa,
];

/** Near to what is plain: a change or two lead away from it. */
const anyRecord: fc.Arbitrary<ResourceRecord> = fc.record({
  name: fc.constantFrom(name, name, name, ["WWW", "example"], ["other", "example"], []),
  class: fc.constantFrom(1, 1, 1, 3),
  ttlSeconds: fc.constantFrom(0, 1, 300, 0x7fffffff),
  data: fc.constantFrom(...datas),
});
const addresses = fc.array(
  anyRecord.map(record => ({ ...record, data: datas[0] as RecordData })),
  { maxLength: 3 },
);
const usual: Question = { name, type: 1, class: 1 };
const anyQuestion: fc.Arbitrary<Question> = fc.oneof(
  fc.constant(usual),
  fc.record({
    name: fc.constantFrom(name, name, ["wWw", "example"], ["www"], ["www", "example", "org"], []),
    type: fc.constantFrom(...[1, 1, 1, 28, typeCodes.CNAME, typeCodes.SOA, typeCodes.ANY, typeCodes.AXFR]),
    class: fc.constantFrom(1, 1, 1, 3, 255),
  }),
);
const anyOther = fc.option(anyQuestion, { freq: 2 });
const anyNearPlain: fc.Arbitrary<Message> = fc
  .record({
    rcode: fc.constantFrom(rcodes.NOERROR, rcodes.NOERROR, rcodes.NXDOMAIN, rcodes.SERVFAIL),
    isTruncated: fc.constantFrom(false, false, false, true),
    answers: fc.oneof(addresses, fc.constant([]), fc.array(anyRecord, { maxLength: 2 })),
    authorities: fc.oneof(fc.constant([]), fc.array(anyRecord, { maxLength: 2 })),
    additionals: fc.oneof(fc.constant([]), fc.constant([]), fc.array(anyRecord, { maxLength: 1 })),
  })
  .map(parts => ({ ...emptyMessage, ...parts, isResponse: true }));

suite("facts of replies", () => {
  test("what is found without decoding is what is found in the message", () => {
    let [answers, denials] = [0, 0];
    fc.assert(
      fc.property(anyNearPlain, anyQuestion, anyOther, (said, asked, other) => {
        const message = { ...said, questions: [other ?? asked] };
        const reply = octetsReply(encodeMessage(message, 65535), { plugin: "test" });
        const plain = plainFactsOf(reply, asked);
        if (plain === undefined) return;
        if (plain.kind === "answer") answers++;
        if (plain.kind === "denial") denials++;
        assert.deepEqual(plain, factsOf(reply.message, asked));
      }),
      { numRuns: 20_000, seed: 1 },
    );
    assert.ok(answers > 50 && denials > 50, `${answers} answers and ${denials} denials were plain`);
  });

  test("the usual replies are read without decoding them", () => {
    const question = { name, type: 1, class: 1 };
    const said = { ...emptyMessage, isResponse: true, questions: [question] };
    const record = (data: RecordData, ttlSeconds: number) => ({ name, class: 1, ttlSeconds, data });
    const plainOf = (message: Message) =>
      plainFactsOf(octetsReply(encodeMessage(message, 65535), { plugin: "test" }), question);
    const [address] = datas as [RecordData];
    const answer = plainOf({ ...said, answers: [record(address, 300), record(address, 60)] });
    assert.equal(answer?.kind, "answer");
    assert.equal(answer?.lowestTtlSeconds, 60);
    const octets = Buffer.from(encodeMessage({ ...said, answers: [record(address, 300)] }, 65535));
    // RFC 2181 §8.
    octets.writeUInt32BE(0x8000_0001, octets.length - 10);
    assert.equal(plainFactsOf(octetsReply(octets, { plugin: "test" }), question)?.lowestTtlSeconds, 0);
    const denial = plainOf({ ...said, rcode: rcodes.NXDOMAIN, authorities: [record(soa, 30)] });
    assert.equal(denial?.kind, "denial");
    assert.equal(denial?.lowestTtlSeconds, 30);
    assert.equal(plainOf({ ...said, authorities: [record(soa, 30)] })?.kind, "denial");
  });
});
