import assert from "node:assert/strict";
import { test } from "node:test";
import { bufsize } from "../../../src/dns/plugins/bufsize.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { parseZoneText } from "../../support/parse-zone-text.ts";
import { type AskOptions, findingsOf, startRig } from "./rig.ts";

const records = parseZoneText(
  Array.from({ length: 100 }, (_, index) => `x.example. 5 IN A 10.0.0.${index}`).join("\n"),
);

/** Asks through `bufsize WORDS`; tells what the next plugin saw, and the reply on the wire to a client who takes 4096. */
async function ask(words: string, options: AskOptions) {
  const seen: (number | undefined)[] = [];
  const rig = await startRig(`. {\n bufsize ${words}\n}`, {
    plugins: [bufsize],
    upstream(query) {
      seen.push(query.message.edns?.udpPayloadSizeBytes);
      return replyTo(query.message, { plugin: "test", answers: records });
    },
  });
  const { outcome } = await rig.ask("x.example. A", options);
  assert.ok(outcome.kind === "reply");
  const bytes = outcome.encode(rig.query("x.example. A", options).message, [], 4096);
  return { seen: seen[0], reply: decodeMessage(bytes), sizeBytes: bytes.length };
}

test("a larger EDNS size is lowered for the next plugin and limits the reply", async () => {
  const { seen, reply, sizeBytes } = await ask("1100", { edns: { udpSizeBytes: 4096 } });
  assert.equal(seen, 1100);
  assert.equal(reply.isTruncated, true);
  assert.ok(sizeBytes <= 1100, `${sizeBytes} bytes`);
  assert.equal(reply.edns?.udpPayloadSizeBytes, 1100);
});

test("without an argument the limit is 1232", async () => {
  assert.equal((await ask("", { edns: { udpSizeBytes: 1233 } })).seen, 1232);
});

test("a smaller EDNS size is left as it is", async () => {
  assert.equal((await ask("1100", { edns: { udpSizeBytes: 600 } })).seen, 600);
});

test("a query without EDNS gets none", async () => {
  const { seen, reply } = await ask("1100", {});
  assert.equal(seen, undefined);
  assert.equal(reply.edns, undefined);
});

test("a reply over TCP is not cut", async () => {
  const tcp = { client: { protocol: "tcp" }, edns: { udpSizeBytes: 4096 } } as const;
  const { reply } = await ask("512", tcp);
  assert.equal(reply.isTruncated, false);
  assert.equal(reply.answers.length, 100);
});

for (const [words, finding] of [
  ["511", "2:10 COREFILE_VALUE"],
  ["4097", "2:10 COREFILE_VALUE"],
  ["many", "2:10 COREFILE_VALUE"],
  ["600 700", "2:14 COREFILE_ARGUMENTS"],
] as const) {
  test(`bufsize ${words} is refused`, () => {
    assert.deepEqual(findingsOf(`. {\n bufsize ${words}\n}`, [bufsize]), [finding]);
  });
}
