import assert from "node:assert/strict";
import { test } from "node:test";
import type { EdnsRequest } from "../../../support/dns-client-query.ts";
import { askThrough, type Exchange } from "./rewrite-rig.ts";

function optionsText(options: readonly { code: number; data: Uint8Array }[] = []): readonly string[] {
  return options.map(({ code, data }) => `${code.toString(16)}=${Buffer.from(data).toString("hex")}`);
}

function through(rules: string, edns?: EdnsRequest, address = "10.244.7.9"): Promise<Exchange> {
  const client = {
    address,
    port: 0x1234,
    serverAddress: "10.96.0.10",
    serverPort: 53,
    protocol: "tls",
  } as const;
  return askThrough(rules, "A.test. AAAA", {}, { client, ...(edns === undefined ? {} : { edns }) });
}

const withOption: EdnsRequest = { options: [{ code: 0xffee, data: Buffer.from("old") }] };
const [old, abcd] = ["ffee=6f6c64", "ffee=61626364"];

/** A rule, and the options that upstream sees: of a query without any, and of one that has the option. */
for (const [rule, without, withIt] of [
  ["local set 0xffee abcd", [abcd], [abcd]],
  ["local set 65518 0x61626364", [abcd], [abcd]],
  ["local append 0xffee abcd", [abcd], [old]],
  ["local replace 0xffee abcd", [], [abcd]],
  ["local unset 0xffee", [], []],
  ["local set 0xffef {qname}", ["ffef=412e746573742e"], [old, "ffef=412e746573742e"]],
  ["local set 0xffef {qtype}", ["ffef=001c"], [old, "ffef=001c"]],
  ["local set 0xffef {client_ip}", ["ffef=0af40709"], [old, "ffef=0af40709"]],
  ["local set 0xffef {client_port}", ["ffef=1234"], [old, "ffef=1234"]],
  ["local set 0xffef {protocol}", ["ffef=746370"], [old, "ffef=746370"]],
  ["local set 0xffef {server_ip}", ["ffef=0a60000a"], [old, "ffef=0a60000a"]],
  ["local set 0xffef {server_port}", ["ffef=0035"], [old, "ffef=0035"]],
  ["local set 0xffef {some/label}", [], [old]],
  ["nsid set", ["3="], [old, "3="]],
  ["nsid unset", [], [old]],
  ["subnet set 24 56", ["8=000118000af407"], [old, "8=000118000af407"]],
  ["subnet set 20 56", ["8=000114000af400"], [old, "8=000114000af400"]],
  ["subnet set 0 0", ["8=00010000"], [old, "8=00010000"]],
  ["subnet replace 24 56", [], [old]],
] as const) {
  test(`edns0 ${rule} lets upstream see ${without.join(" ") || "no option"}`, async () => {
    const bare = await through(`rewrite edns0 ${rule}`);
    assert.deepEqual(optionsText(bare.seen[0]?.message.edns?.options), without);
    const full = await through(`rewrite edns0 ${rule}`, withOption);
    assert.deepEqual(optionsText(full.seen[0]?.message.edns?.options), withIt);
  });
}

test("the subnet of an IPv6 client has its own length", async () => {
  const { seen } = await through("rewrite edns0 subnet set 24 52", {}, "2001:db8:1:2fff::5%eth0");
  assert.deepEqual(optionsText(seen[0]?.message.edns?.options), ["8=0002340020010db8000120"]);
});

test("a query without EDNS gets some, with room for 4096 octets", async () => {
  const { seen } = await through("rewrite edns0 nsid set");
  assert.equal(seen[0]?.message.edns?.udpPayloadSizeBytes, 4096);
});

test("metadata can be a value", async () => {
  const rules = "metadata\nrewrite edns0 local set 0xffee {rig/word}";
  assert.deepEqual(optionsText((await through(rules)).seen[0]?.message.edns?.options), [abcd]);
});

/** Rules, and the options of the reply. */
for (const [rules, expected] of [
  ["rewrite edns0 local set 0xffee abcd", [abcd]],
  ["rewrite edns0 local set 0xffee abcd revert", []],
  ["rewrite continue edns0 local set 0xffee abcd\nrewrite edns0 local replace 0xffee bcde revert", [abcd]],
  ["rewrite continue edns0 local set 0xffee abcd\nrewrite edns0 local unset 0xffee", []],
  ["rewrite edns0 subnet set 24 56", []],
] as const) {
  test(`${rules.replace("\n", "; ")} puts ${expected.join(" ") || "nothing"} into replies`, async () => {
    const { answer } = await through(rules, {});
    assert.ok(answer.outcome.kind === "reply");
    assert.deepEqual(optionsText(answer.outcome.options), expected);
  });
}

test("replies of other servers keep the options they came with", async () => {
  const { answer } = await askThrough(
    "rewrite edns0 local set 0xffee abcd",
    "a.test. A",
    { isFromUpstream: true },
    { edns: {} },
  );
  assert.ok(answer.outcome.kind === "reply");
  assert.deepEqual(answer.outcome.options, []);
});
