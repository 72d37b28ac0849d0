import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { octetsReply } from "../../../src/dns/plugins/octets-reply.ts";
import type { Reply } from "../../../src/dns/plugins/outcome.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import type { Message, Question } from "../../../src/dns/wire/message.ts";
import { layoutOf } from "../../../src/dns/wire/message-layout.ts";
import { isSameName, lowerName, type Name } from "../../../src/dns/wire/name.ts";
import type { ResourceRecord } from "../../../src/dns/wire/record.ts";
import { WireError } from "../../../src/dns/wire/wire-error.ts";
import { anyMessage, messageForDns2 } from "../wire/arbitrary-message.ts";
import { decodeWithDns2 } from "../wire/dns2-message.ts";

/** One question, which some of the records are about. */
function asReply(message: Message): Message {
  const question: Question = message.questions[0] ?? { name: ["web", "svc"], type: 1, class: 1 };
  const about = (record: ResourceRecord, index: number) =>
    index % 2 === 0 ? { ...record, name: question.name } : record;
  return { ...message, isResponse: true, questions: [question], answers: message.answers.map(about) };
}

const anyReply = anyMessage.map(asReply).filter(({ rcode }) => rcode <= 15);
const plainEdns = { udpPayloadSizeBytes: 1232, version: 0, isDnssecOk: true, options: [] };
const anyEdns = fc.constantFrom(undefined, plainEdns);
const anyChanges = fc.record(
  {
    ttlSeconds: fc.integer({ min: 0, max: 0x7fffffff }),
    isAuthoritative: fc.boolean(),
    recursionAvailable: fc.boolean(),
    authenticData: fc.boolean(),
  },
  { requiredKeys: [] },
);

function queryFor(reply: Message, edns: Message["edns"]): Message {
  const noRecords = { answers: [], authorities: [], additionals: [] };
  const { recursionDesired, checkingDisabled } = {
    recursionDesired: true,
    checkingDisabled: !reply.checkingDisabled,
  };
  return { ...reply, ...noRecords, recursionDesired, checkingDisabled, id: 4711, isResponse: false, edns };
}

function octetsOf(message: Message): Uint8Array {
  return encodeMessage(message, 65535);
}

/** The same reply made of records. */
function asRecords(message: Message): Reply {
  return replyTo(message, { ...message, plugin: "test", isFromUpstream: true });
}

suite("replies kept as octets", () => {
  test("any reply sent is the same as one made of its records", () =>
    fc.assert(
      fc.property(anyReply, anyEdns, anyChanges, (message, edns, changes) => {
        const octets = octetsOf(message);
        assert.ok(layoutOf(octets), "our own messages have a layout");
        const query = queryFor(message, edns);
        const expected = asRecords(message).with(changes).encode(query, [], 65535);
        const reply = octetsReply(octets, { plugin: "test" }).with(changes);
        assert.deepEqual(
          inLowerCase(decodeMessage(reply.encode(query, [], 65535))),
          inLowerCase(decodeMessage(expected)),
        );
        assert.deepEqual(
          { ...reply.message, edns: undefined },
          { ...asRecords(message).with(changes).message, edns: undefined },
        );
      }),
      { numRuns: 1000 },
    ));

  test("any reply to a query in other letters has them wherever the name asked for is an owner", () =>
    fc.assert(
      fc.property(anyReply, anyEdns, fc.integer({ min: 512, max: 1000 }), (message, edns, maxSizeBytes) => {
        const query = queryFor(message, edns);
        const [question] = query.questions as [Question];
        const asked = { ...query, questions: [{ ...question, name: question.name.map(swapCase) }] };
        const decoded = decodeMessage(
          octetsReply(octetsOf(message), { plugin: "test" }).encode(asked, [], maxSizeBytes),
        );
        assert.deepEqual(decoded.questions, asked.questions);
        for (const { name } of decoded.answers.filter(record => isSameName(record.name, question.name))) {
          assert.deepEqual(name, asked.questions[0]?.name);
        }
        const expected = decodeMessage(asRecords(message).encode(query, [], maxSizeBytes));
        if (!decoded.isTruncated && !expected.isTruncated)
          assert.deepEqual(inLowerCase(decoded), inLowerCase(expected));
      }),
      { numRuns: 1000 },
    ));

  test("any reply into any size is no larger, and begins with the same records", () =>
    fc.assert(
      fc.property(anyReply, anyEdns, fc.integer({ min: 512, max: 1500 }), (message, edns, maxSizeBytes) => {
        const query = queryFor(message, edns);
        const sent = octetsReply(octetsOf(message), { plugin: "test" }).encode(query, [], maxSizeBytes);
        assert.ok(sent.length <= maxSizeBytes);
        const { answers, authorities, additionals, isTruncated } = decodeMessage(sent);
        const all = [...message.answers, ...message.authorities, ...message.additionals];
        const kept = [...answers, ...authorities, ...additionals];
        assert.deepEqual(inLowerCase(kept), inLowerCase(all.slice(0, kept.length)));
        assert.ok(kept.length === all.length || isTruncated);
      }),
      { numRuns: 1000 },
    ));

  test("any reply shuffled holds the same records, each under its name", () =>
    fc.assert(
      fc.property(
        anyReply,
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (message, numbers) => {
          const random = () => numbers.next().value as number;
          const sameTtl = asRecords(message).with({ ttlSeconds: 7 }).message;
          const reply = octetsReply(octetsOf(message), { plugin: "test" }).with({ ttlSeconds: 7 });
          const shuffled = reply.shuffled(random).shuffled(random);
          const sent = decodeMessage(shuffled.encode(queryFor(message, undefined), [], 65535));
          for (const section of ["answers", "authorities", "additionals"] as const) {
            assert.deepEqual(inLowerCase(shuffled.message[section]), inLowerCase(sent[section]));
            assert.deepEqual(sorted(sent[section]), sorted(sameTtl[section]));
          }
        },
      ),
      { numRuns: 500 },
    ));

  test("any reply sent is the same reply to dns2", () =>
    fc.assert(
      fc.property(
        messageForDns2.map(asReply).filter(({ rcode }) => rcode <= 15),
        anyEdns,
        (message, edns) => {
          const query = queryFor(message, edns);
          const sent = octetsReply(octetsOf(message), { plugin: "test" }).encode(query, [], 65535);
          assert.deepEqual(decodeWithDns2(sent), decodeMessage(asRecords(message).encode(query, [], 65535)));
        },
      ),
      { numRuns: 300 },
    ));
});

suite("hostile replies", () => {
  const change = fc.record({
    at: fc.nat(),
    octet: fc.constantFrom(0, 1, 4, 12, 13, 28, 41, 63, 64, 128, 192, 193, 255),
  });

  test("any octets are the reply that decoding finds in them, or a WireError", () => {
    let [accepted, withLayout] = [0, 0];
    fc.assert(
      fc.property(
        anyReply,
        fc.array(change, { minLength: 1, maxLength: 3 }),
        anyChanges,
        anyEdns,
        (message, changes, other, edns) => {
          const octets = Buffer.from(octetsOf(message));
          for (const { at, octet } of changes) octets[at % octets.length] = octet;
          const decoded = decodedReply(octets);
          if (decoded === undefined) {
            assert.throws(() => octetsReply(octets, { plugin: "test" }), WireError);
            return;
          }
          accepted++;
          if (layoutOf(octets) !== undefined) withLayout++;
          const query = queryFor(decoded, edns);
          const expected = asRecords(decoded).with(other).encode(query, [], 65535);
          const sent = octetsReply(octets, { plugin: "test" }).with(other).encode(query, [], 65535);
          assert.deepEqual(inLowerCase(decodeMessage(sent)), inLowerCase(decodeMessage(expected)));
        },
      ),
      { numRuns: 3000, seed: 1 },
    );
    assert.ok(accepted > 500 && withLayout > accepted / 2, `${withLayout} of ${accepted} had a layout`);
  });

  test("any octets have a layout only if they are a message", () =>
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 80 }), octets => {
        octets.set([0, 1, 0, 1, 0, 0, 0, 0], 4);
        if (layoutOf(octets) !== undefined) decodeMessage(octets);
      }),
      { numRuns: 2000 },
    ));
});

function decodedReply(octets: Uint8Array): Message | undefined {
  try {
    const message = decodeMessage(octets);
    return message.isResponse && message.questions.length === 1 ? message : undefined;
  } catch (error) {
    assert.ok(error instanceof WireError);
    return undefined;
  }
}

function swapCase(label: string): string {
  return label.replace(/[a-z]/gi, letter =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

/** Names that share letters with the question are spelled like it. */
function inLowerCase(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, field: unknown) =>
    ["name", "target", "exchange", "primary", "mailbox"].includes(key) ? lowerName(field as Name) : field,
  );
}

function sorted(records: readonly ResourceRecord[]): readonly string[] {
  return records.map(record => JSON.stringify(inLowerCase(record))).sort();
}
