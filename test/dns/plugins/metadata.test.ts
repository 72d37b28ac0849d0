import assert from "node:assert/strict";
import { test } from "node:test";
import { metadata } from "../../../src/dns/plugins/metadata.ts";
import { definePlugin } from "../../../src/dns/plugins/plugin.ts";
import type { Query } from "../../../src/dns/plugins/query.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { findingsOf, startRig } from "./rig.ts";

let evaluations = 0;

const teller = definePlugin<true>({
  name: "teller",
  read: () => true,
  explain: () => [],
  start: () => ({
    describe(query, known) {
      known.set("teller/name", () => {
        evaluations += 1;
        return query.name.join(".");
      });
    },
  }),
});

async function seenBy(corefile: string, question: string): Promise<Query> {
  let seen: Query | undefined;
  const rig = await startRig(corefile, {
    plugins: [metadata, teller],
    upstream(query) {
      seen = query;
      return replyTo(query.message, { plugin: "test" });
    },
  });
  await rig.ask(question);
  assert.ok(seen);
  return seen;
}

test("plugins tell what they know of a query, and are asked for it only when it is read", async () => {
  evaluations = 0;
  const query = await seenBy(". {\n metadata\n teller\n}", "www.example.org. A");
  assert.equal(evaluations, 0);
  assert.equal(query.metadata?.get("teller/name")?.(), "www.example.org");
});

test("plugins are asked about names in the zones only, but can note what they find out about others", async () => {
  const corefile = ". {\n metadata Example.org\n teller\n}";
  assert.equal((await seenBy(corefile, "www.example.org. A")).metadata?.size, 1);
  assert.equal((await seenBy(corefile, "www.example.com. A")).metadata?.size, 0);
});

test("without zones of its own it works for those of the server block", async () => {
  const corefile = "example.org {\n metadata\n teller\n}";
  assert.equal((await seenBy(corefile, "www.example.org. A")).metadata?.size, 1);
  assert.equal((await seenBy(corefile, "www.example.com. A")).metadata?.size, 0);
});

test("a block without metadata keeps none", async () => {
  assert.equal((await seenBy(". {\n teller\n}", "www.example.org. A")).metadata, undefined);
});

test("metadata stands once, without a block and with names", () => {
  const corefile = ". {\n metadata a..b {\n x\n }\n metadata\n}";
  assert.deepEqual(findingsOf(corefile, [metadata]), [
    "5:2 COREFILE_DUPLICATE",
    "2:2 COREFILE_SYNTAX",
    "2:11 COREFILE_VALUE",
  ]);
});
