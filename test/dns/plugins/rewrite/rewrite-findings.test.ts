import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCorefile } from "../../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../../src/dns/corefile/plan.ts";
import { rewrite } from "../../../../src/dns/plugins/rewrite/rewrite.ts";
import { findingsOf } from "../rig.ts";

/** What CoreDNS does not start with, and where. */
for (const [rule, expected] of [
  ["", "2:5 COREFILE_ARGUMENTS"],
  ["continue", "2:5 COREFILE_ARGUMENTS"],
  ["foo a b", "2:13 COREFILE_VALUE"],
  ["stop foo a b", "2:18 COREFILE_VALUE"],
  ["answer name a b", "2:13 COREFILE_VALUE"],
  ["name", "2:13 COREFILE_ARGUMENTS"],
  ["name a.com", "2:13 COREFILE_ARGUMENTS"],
  ["name a.com b.com c.com", "2:18 COREFILE_VALUE"],
  ["name regex ([a]\\.com new-{1}.com", "2:24 COREFILE_VALUE"],
  ["name regex (.*).com {1}.{2}.com", "2:33 COREFILE_VALUE"],
  ["name regex a {0}", "2:26 COREFILE_VALUE"],
  ["name exact a *.b", "2:26 COREFILE_VALUE"],
  ["name substring a.com b.com c.com", "2:40 COREFILE_ARGUMENTS"],
  ["name suffix a b answer", "2:29 COREFILE_VALUE"],
  ["name suffix a b answer name", "2:36 COREFILE_ARGUMENTS"],
  ["name suffix a b answer name x", "2:36 COREFILE_ARGUMENTS"],
  ["name suffix a b answer other", "2:36 COREFILE_VALUE"],
  ["name regex a b answer name (.*) {1}.{2}", "2:45 COREFILE_VALUE"],
  ["name regex a b answer name ( x", "2:40 COREFILE_VALUE"],
  ["name regex a b answer value x y z", "2:45 COREFILE_VALUE"],
  ["name regex a b answer auto name x y", "2:35 COREFILE_CONFLICT"],
  ["type", "2:13 COREFILE_ARGUMENTS"],
  ["type any a a", "2:24 COREFILE_ARGUMENTS"],
  ["type ANY WV", "2:22 COREFILE_VALUE"],
  ["type TYPE1 A", "2:18 COREFILE_VALUE"],
  ["class IN", "2:13 COREFILE_ARGUMENTS"],
  ["class XY IN", "2:19 COREFILE_VALUE"],
  ["ttl a.com", "2:13 COREFILE_ARGUMENTS"],
  ["ttl a.com -", "2:23 COREFILE_VALUE"],
  ["ttl a.com 5-4", "2:23 COREFILE_VALUE"],
  ["ttl a.com 1-2-3", "2:23 COREFILE_VALUE"],
  ["ttl a.com 4294967296", "2:23 COREFILE_VALUE"],
  ["ttl foo a.com 5", "2:17 COREFILE_VALUE"],
  ["ttl regex ( 5", "2:23 COREFILE_VALUE"],
  ["ttl regex a 5 6", "2:27 COREFILE_ARGUMENTS"],
  ["rcode a.com 2", "2:13 COREFILE_ARGUMENTS"],
  ["rcode a.com 24 0", "2:25 COREFILE_VALUE"],
  ["rcode a.com SERVFAIL WHAT", "2:34 COREFILE_VALUE"],
  ["cname a.com", "2:13 COREFILE_ARGUMENTS"],
  ["cname foo a.com b.com", "2:19 COREFILE_VALUE"],
  ["cname regex ( b.com", "2:25 COREFILE_VALUE"],
  ["edns0", "2:13 COREFILE_ARGUMENTS"],
  ["edns0 local", "2:13 COREFILE_ARGUMENTS"],
  ["edns0 other set", "2:19 COREFILE_VALUE"],
  ["edns0 local foo 0xffee a", "2:25 COREFILE_VALUE"],
  ["edns0 local set 0xffee", "2:25 COREFILE_ARGUMENTS"],
  ["edns0 local set what a", "2:29 COREFILE_VALUE"],
  ["edns0 local set 65536 a", "2:29 COREFILE_VALUE"],
  ["edns0 local set 0xffee 0xabc", "2:36 COREFILE_VALUE"],
  ["edns0 local set 0xffee {dummy}", "2:36 COREFILE_VALUE"],
  ["edns0 local unset 0xffee a", "2:38 COREFILE_ARGUMENTS"],
  ["edns0 local unset 0xffee revert", "2:38 COREFILE_ARGUMENTS"],
  ["edns0 nsid set junk", "2:28 COREFILE_ARGUMENTS"],
  ["edns0 subnet set 24", "2:26 COREFILE_ARGUMENTS"],
  ["edns0 subnet set 33 56", "2:30 COREFILE_VALUE"],
  ["edns0 subnet set 24 129", "2:33 COREFILE_VALUE"],
  ["edns0 subnet unset 24 56", "2:32 COREFILE_ARGUMENTS"],
  ["name a b {\n answer auto\n}", "2:5 COREFILE_SYNTAX"],
] as const) {
  test(`rewrite ${rule.replaceAll("\n", ";")} is found at ${expected}`, () => {
    assert.deepEqual(findingsOf(`. {\n    rewrite ${rule}\n}`, [rewrite]), [expected]);
  });
}

test("a group that the pattern does not have is risky where CoreDNS starts with it", () => {
  assert.deepEqual(findingsOf(". {\n rewrite name regex (a)b {5}\n}", [rewrite]), ["2:26 COREFILE_RISKY"]);
});

/** What CoreDNS starts with. */
for (const rule of [
  "STOP Name Exact a b",
  "name regex [a]\\.com 10",
  "name suffix a b answer value (.*).a {1}.b value (.*) {1} answer name x y",
  "name suffix .arpa .arpa answer name auto answer value (.*)\\.a\\. {1}.b.",
  "type any NSAP-PTR",
  "class ch CS",
  "rcode suffix a BADCOOKIE 23",
  "rcode a notimpl DSOTYPENI",
  "edns0 local set 0b11 {a/b/c} revert",
  "edns0 nsid append revert",
  "edns0 subnet unset",
  "cname prefix a b",
]) {
  test(`rewrite ${rule} is fine`, () => {
    assert.deepEqual(findingsOf(`. {\n rewrite ${rule}\n}`, [rewrite]), []);
  });
}

test("rules are explained in their order", () => {
  const text = `. {
    rewrite continue name suffix .a.org .b.org answer auto
    rewrite ttl regex ^x 30-
    rewrite edns0 local set 0xffee {client_ip}
}`;
  const files = { read: () => undefined, glob: () => [] };
  const parsed = parseCorefile({ file: "Corefile", text, files, environment: {} });
  const [entry] = planCorefile(parsed, { plugins: [rewrite], others: {} }).blocks[0]?.entries ?? [];
  assert.deepEqual(entry?.plugin.explain(entry.config), [
    "Asks for .b.org. instead when the name ends with .a.org., and gives replies the name that was asked for, and goes on to the next rule.",
    "Sets TTLs to between 30 and 2147483647 seconds in replies when the name matches ^x.",
    "Sets option 0xffee of EDNS.",
  ]);
});
