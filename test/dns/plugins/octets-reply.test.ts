import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { keptReply } from "../../../src/dns/plugins/cache/kept-reply.ts";
import { hasOneTtl, octetsReply } from "../../../src/dns/plugins/octets-reply.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { extendedErrorOption } from "../../../src/dns/wire/ede.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import type { Message } from "../../../src/dns/wire/message.ts";
import { layoutOf } from "../../../src/dns/wire/message-layout.ts";
import { because } from "../../../src/dns/zone/reason.ts";
import { formatRecord } from "../../support/zone-text.ts";
import { emptyMessage, plainEdns, record } from "../wire/messages.ts";
import { octets } from "../wire/octets.ts";

const question = { name: ["www", "example", "org"], type: 1, class: 1 };
const query: Message = { ...emptyMessage, id: 7, recursionDesired: true, questions: [question] };
const stale = extendedErrorOption(3, "old");
const cookie = { code: 10, data: new Uint8Array(8) };
const addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(address =>
  record("www.example.org", { type: "A", address }, 300),
);
const answered: Message = {
  ...query,
  id: 4711,
  isResponse: true,
  recursionAvailable: true,
  answers: addresses,
};

function replyOf(message: Message) {
  return octetsReply(encodeMessage(message, 65535), { plugin: "forward" });
}

suite("octetsReply", () => {
  test("octets with the query's own spelling are passed on as they are but for the id", () => {
    const wire = encodeMessage(answered, 65535);
    const sent = octetsReply(wire, { plugin: "forward" }).encode(query, [], 512);
    assert.deepEqual(Buffer.from(sent.subarray(2)), Buffer.from(wire.subarray(2)));
    assert.equal(decodeMessage(sent).id, 7);
  });

  test("a change of the options or of the reason alone is a change", () => {
    const reply = replyOf(answered);
    const reason = because("stale-answer", "old");
    assert.deepEqual(reply.with({ options: [stale] }).options, [stale]);
    assert.deepEqual(reply.with({ reason }).reason, reason);
    assert.equal(reply.with({ isAuthoritative: false }), reply);
  });

  test("the octets given are never changed", () => {
    const wire = encodeMessage(answered, 65535);
    const before = Buffer.from(wire).toString("hex");
    const spelled = { ...query, questions: [{ ...question, name: ["WWW", "example", "org"] }] };
    octetsReply(wire, { plugin: "forward" })
      .with({ ttlSeconds: 1 })
      .shuffled(() => 0)
      .encode(spelled, [], 512);
    assert.equal(Buffer.from(wire).toString("hex"), before);
  });

  test("an owner written out in full has the client's letters, also in part", () => {
    const rest = "0001 0001 00000005 0004 0a000001";
    const owners = ["'www' 'example' 'org' 00", "'www' c010", "'www' 'a' 'org' 00"];
    const wire = octets(
      "0007 8180 0001 0003 0000 0000 'www' 'example' 'org' 00 0001 0001",
      ...owners.map(owner => `${owner} ${rest}`),
    );
    assert.ok(layoutOf(wire));
    const name = ["WwW", "eXample", "ORG"];
    const asked = { ...query, questions: [{ ...question, name }] };
    const { answers } = decodeMessage(octetsReply(wire, { plugin: "forward" }).encode(asked, [], 512));
    assert.deepEqual(
      answers.map(answer => answer.name),
      [name, name, ["www", "a", "org"]],
    );
  });

  test("an upstream's OPT goes no further, its extended errors do", () => {
    const reply = replyOf({ ...answered, edns: { ...plainEdns, options: [cookie, stale] } });
    assert.deepEqual(reply.options, [stale]);
    assert.equal(decodeMessage(reply.encode(query, reply.options, 512)).edns, undefined);
    const asked = { ...query, edns: { ...plainEdns, udpPayloadSizeBytes: 4096 } };
    const { edns } = decodeMessage(reply.encode(asked, reply.options, 512));
    assert.deepEqual(edns, { ...plainEdns, udpPayloadSizeBytes: 4096, options: [stale] });
  });

  test("a reply without EDNS gets an OPT for a client that has one", () => {
    const { edns } = decodeMessage(replyOf(answered).encode({ ...query, edns: plainEdns }, [], 512));
    assert.deepEqual(edns, plainEdns);
  });

  test("what does not fit is cut, with TC and in the client's letters", () => {
    const answers = Array.from({ length: 40 }, (_, index) =>
      record("www.example.org", { type: "A", address: `192.0.2.${index}` }),
    );
    const name = ["wWw", "example", "org"];
    const sent = replyOf({ ...answered, answers }).encode(
      { ...query, questions: [{ ...question, name }] },
      [],
      512,
    );
    const decoded = decodeMessage(sent);
    assert.ok(sent.length <= 512 && decoded.isTruncated && decoded.answers.length === 29);
    assert.deepEqual(decoded.answers[28]?.name, name);
  });

  test("a reply to a question that an outer plugin rewrote has the client's question", () => {
    const other = { ...query, questions: [{ ...question, name: ["web", "example", "com"] }] };
    const decoded = decodeMessage(replyOf(answered).encode(other, [], 512));
    assert.deepEqual(decoded.questions, other.questions);
    assert.deepEqual(decoded.answers, addresses);
  });

  test("every order of three addresses is equally likely", () => {
    const reply = replyOf(answered);
    const seen = new Map<string, number>();
    for (let round = 0; round < 6000; round++) {
      const { answers } = decodeMessage(reply.shuffled(Math.random).encode(query, [], 512));
      const order = answers.map(formatRecord).join();
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    assert.equal(seen.size, 6);
    for (const [order, count] of seen) assert.ok(Math.abs(count - 1000) < 280, `${order}: ${count}`);
  });

  test("addresses of different names stay where they are", () => {
    const answers = [addresses[0], record("a.example.org", { type: "A", address: "192.0.2.9" })];
    const message = { ...answered, answers } as Message;
    assert.deepEqual(replyOf(message).shuffled(() => 0).message.answers, message.answers);
  });

  test("a code that only EDNS can say is SERVFAIL to a client without", () => {
    const reply = replyOf({ ...answered, rcode: 23, edns: plainEdns });
    assert.equal(decodeMessage(reply.encode(query, [], 512)).rcode, 2);
    assert.equal(decodeMessage(reply.encode({ ...query, edns: plainEdns }, [], 512)).rcode, 23);
  });

  for (const [what, message] of [
    ["a query", query],
    ["a reply to two questions", { ...answered, questions: [question, question] }],
    ["a reply to no question", { ...answered, questions: [], answers: [] }],
  ] as const) {
    test(`${what} is refused`, () => assert.throws(() => replyOf(message), { code: "NOT_A_REPLY" }));
  }

  test("octets that end too soon are refused", () => {
    const wire = encodeMessage(answered, 65535).subarray(0, -1);
    assert.throws(() => octetsReply(wire, { plugin: "forward" }), { code: "TRUNCATED" });
  });
});

suite("keptReply", () => {
  const large = Buffer.alloc(65_535);

  test("a reply that is kept has octets of its own and no OPT", () => {
    const wire = encodeMessage({ ...answered, edns: { ...plainEdns, options: [stale] } }, 65535);
    large.set(wire, 1000);
    const kept = keptReply(octetsReply(large.subarray(1000, 1000 + wire.length), { plugin: "f" }), query);
    large.fill(0xff);
    const reply = kept.reply();
    assert.deepEqual(reply.message, answered);
    assert.deepEqual(reply.options, [stale]);
    assert.equal(kept.sizeBytes, encodeMessage(answered, 65535).length);
  });

  test("a reply that was changed is kept as it is then", () => {
    const changed = replyOf(answered)
      .with({ isAuthoritative: true, ttlSeconds: 7 })
      .shuffled(() => 0);
    assert.notDeepEqual(changed.message.answers, replyOf(answered).with({ ttlSeconds: 7 }).message.answers);
    assert.deepEqual(keptReply(changed, query).reply().message, changed.message);
  });

  test("a reply made of records is kept as octets, too", () => {
    const opaque = "00 000a 0001 00000005 0003 'a' 00";
    const odd = octets(
      "0007 8180 0001 0002 0000 0000 'www' 00 0001 0001",
      opaque,
      "c020 0001 0001 00000005 0004 0a000001",
    );
    assert.equal(layoutOf(odd), undefined);
    const asked = { ...query, questions: [{ ...question, name: ["www"] }] };
    const reply = keptReply(octetsReply(odd, { plugin: "f" }), asked).reply();
    assert.ok(hasOneTtl(reply.with({ ttlSeconds: 3 })));
    assert.deepEqual(reply.message.answers, decodeMessage(odd).answers);
  });
});
