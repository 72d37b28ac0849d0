import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  endOfQuestion,
  matchReply,
  mixCase,
  restoreReply,
} from "../../../../src/dns/plugins/forward/transport-reply.ts";
import { buildQuery } from "../../../support/dns-client-query.ts";
import { ask, dnsTarget, open, startUpstream } from "./transport-rig.ts";

const name = "a-rather-long-name.with-many-letters.example.org. A";
const mixesCase = true;

test("letters go out in mixed case and come back as asked", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream), { mixesCase });
  for (let count = 0; count < 20; count++) await ask(exchange, name);
  const asks = upstream.queries.map(query => query.ask);
  assert.equal(new Set(asks).size, 20, "each time another mixture");
  assert.ok(asks.every(one => one.toLowerCase() === name.toLowerCase()));
});

test("an upstream that loses the case is asked again, and from then on in the asker's letters", async context => {
  const upstream = await startUpstream(context);
  const exchange = open(context, dnsTarget(upstream), { mixesCase });
  upstream.misbehave("lower-case");
  const { answers } = await ask(exchange, "WWW.Example.org. A");
  assert.equal(answers.length, 1);
  const [mixed, plain] = upstream.queries;
  assert.equal(upstream.count(), 2);
  assert.notEqual(mixed?.ask, "WWW.Example.org. A");
  assert.equal(plain?.ask, "WWW.Example.org. A");
  assert.notEqual(mixed?.message.id, plain?.message.id);
  await ask(exchange, "Mail.Example.org. A");
  assert.equal(upstream.queries[2]?.ask, "Mail.Example.org. A");
  assert.equal(upstream.count(), 3);
});

test("a forged reply in other letters does not become the answer", async context => {
  const upstream = await startUpstream(context, {
    answer: ({ nameText }) => `${nameText} 300 IN A ${upstream.count() === 1 ? "203.0.113.66" : "192.0.2.1"}`,
  });
  const exchange = open(context, dnsTarget(upstream), { mixesCase });
  upstream.misbehave("lower-case", 1);
  const { answers } = await ask(exchange, name);
  assert.match(answers[0] ?? "", / A 192\.0\.2\.1$/);
});

test("names for upstreams on loopback and for streams keep their letters", async context => {
  const upstream = await startUpstream(context);
  const onLoopback = open(context, dnsTarget(upstream));
  const overTcp = open(context, dnsTarget(upstream), { mixesCase });
  await ask(onLoopback, name);
  await ask(overTcp, name, "tcp");
  assert.deepEqual(
    upstream.queries.map(query => query.ask),
    [name, name],
  );
});

const label = fc.uint8Array({ minLength: 1, maxLength: 63 });
const question = fc.tuple(fc.array(label, { maxLength: 3 }), fc.uint8Array({ minLength: 4, maxLength: 4 }));

/** A query for any octets as labels, type and class. */
const anyQuery = question.map(([labels, typeAndClass]) => {
  const header = Buffer.from("123401000001000000000000", "hex");
  const octets = labels.flatMap(one => [one.length, ...one]);
  return Buffer.from([...header, ...octets, 0, ...typeAndClass]);
});

test("mixing changes the case of letters of the name and nothing else", () => {
  fc.assert(
    fc.property(anyQuery, query => {
      const end = endOfQuestion(query);
      assert.equal(end, query.length);
      const sent = Buffer.from(query);
      mixCase(sent, end);
      assert.deepEqual(sent.subarray(0, 12), query.subarray(0, 12));
      assert.deepEqual(sent.subarray(end - 4), query.subarray(end - 4));
      assert.equal(lowerCase(sent), lowerCase(query));
      const reply = Buffer.from(sent);
      reply[2] = 0x81;
      assert.equal(matchReply(reply, sent, end), "exact");
      assert.notEqual(matchReply(reply, query, end), "foreign");
      const restored = Buffer.from(restoreReply(reply, "exact", query, end));
      assert.deepEqual(restored.subarray(12), query.subarray(12));
    }),
  );
});

test("a reply with any other octet in its question is foreign", () => {
  const query = buildQuery("Www.example.org. A");
  const end = endOfQuestion(query);
  for (let offset = 4; offset < end; offset++) {
    if (offset >= 6 && offset < 12) continue;
    const reply = Buffer.from(query);
    reply[2] = (reply[2] as number) | 0x80;
    reply[offset] = (reply[offset] as number) ^ 0x01;
    assert.equal(matchReply(reply, query, end), "foreign", `octet ${offset}`);
  }
  for (let length = 0; length < end; length++) {
    assert.equal(matchReply(query.subarray(0, length), query, end), "foreign");
  }
});

/** Of A–Z only: octets above 127 are no letters. */
function lowerCase(bytes: Buffer): string {
  return bytes.toString("latin1").replace(/[A-Z]/g, letter => letter.toLowerCase());
}
