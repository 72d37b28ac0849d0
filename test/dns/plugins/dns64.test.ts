import assert from "node:assert/strict";
import { test } from "node:test";
import { dns64 } from "../../../src/dns/plugins/dns64.ts";
import type { Outcome } from "../../../src/dns/plugins/outcome.ts";
import { failure } from "../../../src/dns/plugins/outcome.ts";
import type { Query } from "../../../src/dns/plugins/query.ts";
import type { ReplyParts } from "../../../src/dns/plugins/records-reply.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { rcodes } from "../../../src/dns/wire/message.ts";
import { typeCodes } from "../../../src/dns/wire/record.ts";
import { parseRecord } from "../../../src/dns/zone-text/parse-record.ts";
import type { Answer, Rig } from "./rig.ts";
import { findingsOf, startRig } from "./rig.ts";

type Parts = Omit<ReplyParts, "plugin">;

const records = (...lines: readonly string[]) => lines.map(line => parseRecord(line, [], 300));
const soa = records("test. 100 IN SOA ns.test. admin.test. 1 2 3 4 5");
const addresses: Parts = {
  answers: records(
    "alias.test. 500 IN CNAME a.test.",
    "a.test. 60 IN A 192.0.2.42",
    "a.test. 900 IN A 192.0.2.43",
  ),
  authorities: records("test. 7 IN NS ns.test."),
  additionals: records("ns.test. 8 IN A 192.0.2.53"),
};

/** Answers AAAA questions with `six`, all others with `four`. */
function startWith(stanza: string, six: Parts | Outcome, four: Parts | Outcome = addresses): Promise<Rig> {
  const outcomeOf = (query: Query, parts: Parts | Outcome) =>
    "kind" in parts ? parts : replyTo(query.message, { plugin: "test", ...parts });
  return startRig(`. {\n${stanza}\n}`, {
    plugins: [dns64],
    upstream: query => outcomeOf(query, query.question.type === typeCodes.AAAA ? six : four),
  });
}

const overIPv6 = { client: { address: "2001:db8::5", family: "IPv6" } } as const;

async function ask(stanza: string, six: Parts | Outcome, four?: Parts | Outcome): Promise<Answer> {
  return (await startWith(stanza, six, four)).ask("alias.test. AAAA", overIPv6);
}

test("a name without IPv6 addresses gets translated ones, other records stay", async () => {
  const rig = await startWith("dns64", { authorities: soa });
  const answer = await rig.ask("alias.test. AAAA", overIPv6);
  assert.deepEqual(answer.answers, [
    "alias.test. 500 IN CNAME a.test.",
    "a.test. 60 IN AAAA 64:ff9b::c000:22a",
    "a.test. 100 IN AAAA 64:ff9b::c000:22b",
  ]);
  assert.deepEqual(answer.authorities, ["test. 7 IN NS ns.test."]);
  assert.deepEqual(answer.additionals, ["ns.test. 8 IN A 192.0.2.53"]);
  assert.ok(answer.outcome.kind === "reply" && answer.outcome.plugin === "dns64");
  assert.deepEqual([...rig.metrics], [['coredns_dns64_requests_translated_total{server="dns://:53"}', 1]]);
});

test("without an SOA translated addresses live for 600 s at most", async () => {
  const { answers } = await ask("dns64", {});
  assert.equal(answers[2], "a.test. 600 IN AAAA 64:ff9b::c000:22b");
});

test("a name with IPv6 addresses keeps them, unless all names are translated", async () => {
  const six = { answers: records("alias.test. 5 IN AAAA 2001:db8::1") };
  assert.deepEqual((await ask("dns64", six)).answers, ["alias.test. 5 IN AAAA 2001:db8::1"]);
  assert.equal((await ask("dns64 {\n translate_all\n}", six)).answers.length, 3);
});

test("a name that does not exist is not asked for again", async () => {
  const answer = await ask("dns64", { rcode: rcodes.NXDOMAIN, authorities: soa });
  assert.deepEqual([answer.rcode, answer.answers], ["NXDOMAIN", []]);
});

test("any other failure of AAAA does not keep addresses back", async () => {
  const answer = await ask("dns64", { rcode: rcodes.REFUSED });
  assert.deepEqual([answer.rcode, answer.answers.length], ["NOERROR", 3]);
});

test("when A cannot be asked for the first reply stays", async () => {
  const answer = await ask("dns64", { authorities: soa }, failure(rcodes.SERVFAIL));
  assert.deepEqual([answer.rcode, answer.authorities.length], ["NOERROR", 1]);
});

test("a failure to answer AAAA stays one", async () => {
  assert.equal((await ask("dns64", failure(rcodes.SERVFAIL))).rcode, "SERVFAIL");
});

test("clients that ask over IPv4 get translations only when allowed", async () => {
  for (const address of ["10.0.0.1", "::ffff:10.0.0.1"]) {
    const client = { client: { address } };
    assert.deepEqual((await (await startWith("dns64", {})).ask("a.test. AAAA", client)).answers, []);
    const allowed = await startWith("dns64 {\n allow_ipv4\n}", {});
    assert.equal((await allowed.ask("a.test. AAAA", client)).answers.length, 3);
  }
});

test("questions for other types and classes pass by", async () => {
  const rig = await startWith("dns64", {});
  assert.equal((await rig.ask("a.test. A", overIPv6)).answers[1], "a.test. 60 IN A 192.0.2.42");
  assert.deepEqual((await rig.ask("a.test. CH AAAA", overIPv6)).answers, []);
});

/** RFC 6052 §2.4, table 2; the lengths that RFC does not name continue it. */
for (const [prefix, address] of [
  ["2001:db8::/32", "2001:db8:c000:221::"],
  ["2001:db8:100::/40", "2001:db8:1c0:2:21::"],
  ["2001:db8:122::/48", "2001:db8:122:c000:2:2100::"],
  ["2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"],
  ["2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100:0"],
  ["2001:db8:122:344::/72", "2001:db8:122:344:c0:2:2100:0"],
  ["2001:db8:122:344::/80", "2001:db8:122:344:0:c000:221:0"],
  ["2001:db8:122:344::/88", "2001:db8:122:344:0:c0:2:2100"],
  ["2001:db8:122:344::/96", "2001:db8:122:344::c000:221"],
  ["2001:db8:122:344:0:1:2:3/96", "2001:db8:122:344:0:1:c000:221"],
] as const) {
  test(`192.0.2.33 in ${prefix} is ${address}`, async () => {
    const four = { answers: records("a.test. 60 IN A 192.0.2.33") };
    for (const stanza of [`dns64 ${prefix}`, `dns64 {\n prefix ${prefix}\n}`]) {
      assert.deepEqual((await ask(stanza, {}, four)).answers, [`a.test. 60 IN AAAA ${address}`]);
    }
  });
}

test("what is no prefix is found, and what a NAT64 may not know", () => {
  const corefile = `. {
 dns64 foobar
 dns64 64:ff9b::/52 {
  prefix 8.8.8.0/24
  prefix 64:ff9b::/104
  prefix 64:ff9b::/96 x
  translate_all x
  foobar
 }
 dns64 64:ff9b::/32
 dns64 2001:db8:0:0:ff00::/96
 dns64 a b
}`;
  assert.deepEqual(findingsOf(corefile, [dns64]), [
    "2:8 COREFILE_VALUE",
    "3:8 COREFILE_VALUE",
    "4:10 COREFILE_VALUE",
    "5:10 COREFILE_VALUE",
    "6:23 COREFILE_ARGUMENTS",
    "7:17 COREFILE_ARGUMENTS",
    "8:3 COREFILE_UNKNOWN_OPTION",
    "10:8 COREFILE_RISKY",
    "11:8 COREFILE_RISKY",
    "12:10 COREFILE_ARGUMENTS",
  ]);
});
