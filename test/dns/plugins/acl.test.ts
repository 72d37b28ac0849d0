import assert from "node:assert/strict";
import { test } from "node:test";
import { acl } from "../../../src/dns/plugins/acl.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { extendedErrorCodeOf } from "../../../src/dns/zone/reason.ts";
import { findingsOf, type Rig, startRig } from "./rig.ts";

function startAcl(stanzas: string): Promise<Rig> {
  const upstream = (query: Parameters<Rig["chain"]["handle"]>[0]) =>
    replyTo(query.message, { plugin: "next" });
  return startRig(`. {\n${stanzas}\n}`, { plugins: [acl], upstream });
}

/** What becomes of a question from an address: `allowed` when the next plugin answers. */
async function ask(rig: Rig, question: string, address = "10.0.0.1"): Promise<string> {
  const family = address.includes(":") ? "IPv6" : "IPv4";
  const { outcome, rcode } = await rig.ask(question, { client: { address, family } });
  if (outcome.kind !== "reply") return outcome.kind;
  return outcome.plugin === "next" ? "allowed" : rcode;
}

for (const [rules, question, address, expected] of [
  ["block", "a.example. A", "10.0.0.1", "REFUSED"],
  ["BLOCK TYPE A NET 10.0.0.0/8", "a.example. A", "10.0.0.1", "REFUSED"],
  ["block type A net 10.0.0.0/8", "a.example. AAAA", "10.0.0.1", "allowed"],
  ["block type A net 10.0.0.0/8", "a.example. A", "11.0.0.1", "allowed"],
  ["block type HTTPS CDS TYPE777", "a.example. TYPE777", "10.0.0.1", "REFUSED"],
  ["block net 10.0.0.0/8", "a.example. A", "::ffff:10.0.0.1", "REFUSED"],
  ["block net ::ffff:10.0.0.0/104", "a.example. A", "10.0.0.1", "REFUSED"],
  ["block net 10.0.0.1 fd00::1", "a.example. A", "fd00::1", "REFUSED"],
  ["block net ::/0", "a.example. A", "10.0.0.1", "allowed"],
  ["block net fe80::/10", "a.example. A", "fe80::1%eth0", "REFUSED"],
  ["block net * type A *", "a.example. TXT", "fd00::1", "REFUSED"],
  ["allow net 10.0.0.0/24\nblock net 10.0.0.0/8", "a.example. A", "10.0.0.9", "allowed"],
  ["allow net 10.0.0.0/24\nblock net 10.0.0.0/8", "a.example. A", "10.0.1.9", "REFUSED"],
  ["filter type A", "a.example. A", "10.0.0.1", "NOERROR"],
  ["drop net 10.0.0.0/8", "a.example. A", "10.0.0.1", "drop"],
] as const) {
  test(`acl { ${rules.replace("\n", "; ")} } ${question} from ${address} is ${expected}`, async () => {
    assert.equal(await ask(await startAcl(`acl {\n${rules}\n}`), question, address), expected);
  });
}

test("rules of a stanza hold in its zones only, and the first stanza that decides wins", async () => {
  const rig = await startAcl("acl a.Example {\n allow type A\n}\nacl example {\n block\n}");
  assert.equal(await ask(rig, "x.A.example. A"), "allowed");
  assert.equal(await ask(rig, "x.a.example. TXT"), "REFUSED");
  assert.equal(await ask(rig, "b.example. A"), "REFUSED");
  assert.equal(await ask(rig, "other. A"), "allowed");
});

test("a refused reply says who refuses what, without authority", async () => {
  const rig = await startAcl("acl {\n block type A\n filter type AAAA\n}");
  for (const [type, infoCode, reason] of [
    ["A", 15, "blocked-by-acl"],
    ["AAAA", 17, "filtered-by-acl"],
  ] as const) {
    const { outcome } = await rig.ask(`a.example. ${type}`);
    assert.ok(outcome.kind === "reply" && outcome.reason !== undefined);
    assert.equal(outcome.reason.code, reason);
    assert.equal(extendedErrorCodeOf(outcome.reason), infoCode);
    assert.match(outcome.reason.text, new RegExp(`this ${type} question from 10\\.244\\.0\\.9`));
    assert.equal(outcome.message.isAuthoritative, false);
  }
});

test("decisions are counted, by the longest zone of the stanza", async () => {
  const rig = await startAcl("acl example a.example {\n block type A\n filter type MX\n drop type NS\n}");
  for (const type of ["A", "A", "MX", "NS", "TXT"]) await ask(rig, `x.a.example. ${type}`);
  const labels = 'server="dns://:53",zone="a.example.",view=""';
  assert.deepEqual(Object.fromEntries(rig.metrics), {
    [`coredns_acl_blocked_requests_total{${labels}}`]: 2,
    [`coredns_acl_filtered_requests_total{${labels}}`]: 1,
    [`coredns_acl_dropped_requests_total{${labels}}`]: 1,
    'coredns_acl_allowed_requests_total{server="dns://:53",view=""}': 1,
  });
});

const unsafe = "COREFILE_UNSAFE_TO_IGNORE";

for (const [rule, ...places] of [
  ["deny net 10.0.0.0/8", "3:1"],
  ["block foo", "3:7"],
  ["block type", "3:7"],
  ["block type net 10.0.0.0/8", "3:7"],
  ["block type A net", "3:14"],
  ["block type a", "3:12"],
  ["block net 10.0.0.0/33", "3:11"],
  ["block net 10.0.0 foo", "3:11", "3:18"],
] as const) {
  test(`acl { ${rule} } cannot be left out`, () => {
    const found = findingsOf(`. {\n acl {\n${rule}\n}\n}`, [acl]);
    assert.deepEqual(
      found,
      places.map(place => `${place} ${unsafe}`),
    );
  });
}

test("a zone with a port is taken without it, with a warning", () => {
  assert.deepEqual(findingsOf(". {\n acl example:53 {\n block\n }\n}", [acl]), ["2:6 COREFILE_NO_EFFECT"]);
});

test("a zone that is no name cannot be left out", () => {
  assert.deepEqual(findingsOf(". {\n acl exa..mple {\n block\n }\n}", [acl]), [`2:6 ${unsafe}`]);
});

test("acl without rules is warned of", () => {
  assert.deepEqual(findingsOf(". {\n acl\n}", [acl]), ["2:2 COREFILE_NO_EFFECT"]);
});

test("rules are told as sentences", () => {
  const network = { address: "10.0.0.0", prefixLength: 8 };
  const rules = [
    { action: "allow", types: [1, 28], networks: [network] },
    { action: "block", types: undefined, networks: undefined },
  ];
  assert.deepEqual(acl.explain([{ zones: [["example"]], rules }]), [
    "Allows questions for A, AAAA about names in example. from 10.0.0.0/8.",
    "Refuses questions about names in example. from everybody.",
    "All else is allowed.",
  ]);
});
