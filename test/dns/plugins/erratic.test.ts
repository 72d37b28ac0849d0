import assert from "node:assert/strict";
import { test } from "node:test";
import { erratic } from "../../../src/dns/plugins/erratic.ts";
import { formatRecord } from "../../support/zone-text.ts";
import { findingsOf, startRig } from "./rig.ts";

async function ask(options: string, questions: readonly string[]) {
  const rig = await startRig(`. {\n erratic ${options}\n}`, { plugins: [erratic] });
  const outcomes = [];
  for (const question of questions)
    outcomes.push((await rig.ask(question, { client: { protocol: "tcp" } })).outcome);
  return outcomes;
}

function kinds(outcomes: Awaited<ReturnType<typeof ask>>): string {
  return outcomes
    .map(one => (one.kind === "reply" ? (one.message.isTruncated ? "cut" : "whole") : one.kind))
    .join(" ");
}

for (const [options, expected] of [
  ["", "drop whole drop whole drop whole"],
  ["{\n drop 3\n}", "drop whole whole drop whole whole"],
  ["{\n drop 0\n}", "whole whole whole whole whole whole"],
  ["{\n truncate\n}", "cut whole cut whole cut whole"],
  ["{\n truncate 5\n}", "cut whole whole whole whole cut"],
  ["{\n drop\n truncate 3\n}", "drop whole drop cut drop whole"],
  ["{\n delay 2 1ms\n}", "whole whole whole whole whole whole"],
] as const) {
  test(`erratic ${options.replaceAll("\n", "")} answers six queries as ${expected}`, async () => {
    assert.equal(kinds(await ask(options, Array(6).fill("x.example. A"))), expected);
  });
}

test("addresses are those set aside for documentation", async () => {
  const outcomes = await ask("{\n drop 0\n}", ["X.example. A", "x.example. AAAA"]);
  const records = outcomes.flatMap(one => (one.kind === "reply" ? one.message.answers : []));
  assert.deepEqual(records.map(formatRecord), [
    "X.example. 0 IN A 192.0.2.53",
    "x.example. 0 IN AAAA 2001:db8::53",
  ]);
});

test("a large answer has 30 records", async () => {
  const [outcome] = await ask("{\n drop 0\n large\n}", ["x.example. A"]);
  assert.equal(outcome?.kind === "reply" && outcome.message.answers.length, 30);
});

test("another type is a failure", async () => {
  assert.equal(kinds(await ask("{\n drop 0\n}", ["x.example. TXT"])), "failure");
});

test("a zone transfer ends with the SOA record it began with, unless it is cut", async () => {
  const outcomes = await ask("{\n truncate 2\n}", ["x.example. AXFR", "x.example. AXFR"]);
  const types = outcomes.map(one => {
    const [message] = one.kind === "stream" ? one.messages : [];
    return message?.answers.map(({ data }) => data.type).join(" ");
  });
  assert.deepEqual(types, ["SOA NS AAAA", "SOA NS AAAA SOA"]);
});

test("a delayed reply comes at once when the server closes", async () => {
  const rig = await startRig(". {\n erratic {\n delay 1 1h\n }\n}", { plugins: [erratic] });
  const reply = rig.ask("x.example. A");
  await rig.close();
  assert.equal((await reply).rcode, "NOERROR");
});

test("erratic is ready after three queries, for two", async () => {
  const rig = await startRig(". {\n erratic\n}", { plugins: [erratic] });
  const isReady = () => rig.chain.members[0]?.layer.notReady?.().length === 0;
  const seen = [isReady()];
  for (let query = 0; query < 5; query += 1) {
    await rig.ask("x.example. A");
    seen.push(isReady());
  }
  assert.deepEqual(seen, [false, false, false, true, true, false]);
});

test("what erratic cannot do is found", () => {
  const options = ["drop a", "drop -1", "drop 1 2", "delay 1 5", "delay 1 2s 3", "large x", "foo"];
  assert.deepEqual(findingsOf(`. {\n erratic x {\n${options.join("\n")}\n}\n}`, [erratic]), [
    "2:10 COREFILE_NO_EFFECT",
    "3:6 COREFILE_VALUE",
    "4:6 COREFILE_VALUE",
    "5:8 COREFILE_ARGUMENTS",
    "6:9 COREFILE_VALUE",
    "7:12 COREFILE_ARGUMENTS",
    "8:7 COREFILE_ARGUMENTS",
    "9:1 COREFILE_UNKNOWN_OPTION",
  ]);
});
