import assert from "node:assert/strict";
import { test } from "node:test";
import { header } from "../../../src/dns/plugins/header.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import type { Message } from "../../../src/dns/wire/message.ts";
import type { QueryOptions } from "../../support/dns-client-query.ts";
import { findingsOf, startRig } from "./rig.ts";

/** The query as the next plugin sees it, and the reply on the wire. */
async function pass(rules: string, options: QueryOptions = {}): Promise<{ query: Message; reply: Message }> {
  const seen: Message[] = [];
  const rig = await startRig(`. {\n header {\n${rules}\n}\n}`, {
    plugins: [header],
    upstream(query) {
      seen.push(query.message);
      return replyTo(query.message, { plugin: "test" });
    },
  });
  const { outcome } = await rig.ask("example.org. A", options);
  const [query] = seen;
  assert.ok(query !== undefined && outcome.kind === "reply");
  return {
    query,
    reply: decodeMessage(outcome.encode(rig.query("example.org. A", options).message, [], 512)),
  };
}

test("flags of a reply are set and cleared", async () => {
  const { reply } = await pass("response set ra\nresponse clear aa rd", { recursionDesired: true });
  assert.equal(reply.recursionAvailable, true);
  assert.equal(reply.isAuthoritative, false);
  assert.equal(reply.recursionDesired, false);
});

test("flags of a query are set for the next plugin, and the client keeps its own", async () => {
  const { query, reply } = await pass("query set rd");
  assert.equal(query.recursionDesired, true);
  assert.equal(reply.recursionDesired, false);
});

test("flags no rule names stay as they are", async () => {
  const { query, reply } = await pass("query clear ra\nresponse set ra", { recursionDesired: true });
  assert.equal(query.recursionDesired, true);
  assert.equal(reply.recursionDesired, true);
  assert.equal(reply.isAuthoritative, true);
});

test("the last of two rules for a flag counts, in any letter case", async () => {
  assert.equal((await pass("Response SET RA\nresponse clear ra")).reply.recursionAvailable, false);
});

for (const [rules, ...findings] of [
  ["", "2:2 COREFILE_MISSING"],
  ["foo", "3:1 COREFILE_UNKNOWN_OPTION"],
  ["set rd", "3:1 COREFILE_REMOVED_OPTION"],
  ["query", "3:1 COREFILE_ARGUMENTS"],
  ["query set", "3:1 COREFILE_ARGUMENTS"],
  ["query foo rd", "3:7 COREFILE_VALUE"],
  ["query set rd ad", "3:14 COREFILE_VALUE"],
] as const) {
  test(`header { ${rules} } is refused`, () => {
    assert.deepEqual(findingsOf(`. {\n header {\n${rules}\n}\n}`, [header]), findings);
  });
}

test("a second header is warned of, for only the first counts", () => {
  const rules = "header {\nquery set rd\n}";
  assert.deepEqual(findingsOf(`. {\n${rules}\n${rules}\n}`, [header]), ["5:1 COREFILE_NO_EFFECT"]);
});
