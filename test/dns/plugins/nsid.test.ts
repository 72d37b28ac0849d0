import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { nsid } from "../../../src/dns/plugins/nsid.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { findingsOf, type RigOptions, startRig } from "./rig.ts";

const upstreamOption = { code: 3, data: Buffer.from("of the upstream") };
const cookie = { code: 10, data: Buffer.from("12345678") };
const options: RigOptions = {
  plugins: [nsid],
  upstream: query => replyTo(query.message, { plugin: "test", options: [upstreamOption, cookie] }),
};
const asking = { edns: { options: [{ code: 3, data: Buffer.alloc(0) }] } };

async function optionsOf(corefile: string, query = {}): Promise<readonly string[]> {
  const { outcome } = await (await startRig(corefile, options)).ask("example.org. A", query);
  assert.equal(outcome.kind, "reply");
  return outcome.kind === "reply" ? outcome.options.map(one => Buffer.from(one.data).toString()) : [];
}

test("a client that asks for it gets the identifier, in place of the upstream's", async () => {
  assert.deepEqual(await optionsOf(". {\n nsid Use The Force\n}", asking), ["12345678", "Use The Force"]);
});

test("without data the identifier is the host's name", async () => {
  assert.deepEqual(await optionsOf(". {\n nsid\n}", asking), ["12345678", hostname()]);
});

test("a client that does not ask gets the reply as it is", async () => {
  assert.deepEqual(await optionsOf(". {\n nsid x\n}", { edns: {} }), ["of the upstream", "12345678"]);
});

test("nsid stands once and has no options", () => {
  assert.deepEqual(findingsOf(". {\n nsid {\n }\n nsid\n}", [nsid]), [
    "4:2 COREFILE_DUPLICATE",
    "2:2 COREFILE_SYNTAX",
  ]);
});
