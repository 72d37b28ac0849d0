import assert from "node:assert/strict";
import { test } from "node:test";
import { whoami } from "../../../src/dns/plugins/whoami.ts";
import { findingsOf, startRig } from "./rig.ts";

test("whoami tells the client's address, port and transport in the additional section", async () => {
  const rig = await startRig(". {\n whoami\n}", { plugins: [whoami] });
  const { answers, additionals } = await rig.ask("Me.example.org. TXT");
  assert.deepEqual(answers, []);
  assert.deepEqual(additionals, [
    "Me.example.org. 0 IN A 10.244.0.9",
    "_udp.Me.example.org. 0 IN SRV 0 0 40000 .",
  ]);
});

test("whoami tells an IPv6 client over TCP its AAAA record", async () => {
  const rig = await startRig(". {\n whoami\n}", { plugins: [whoami] });
  const { additionals } = await rig.ask(". A", {
    client: { family: "IPv6", address: "fe80::1%eth0", protocol: "tcp" },
  });
  assert.deepEqual(additionals, [". 0 IN AAAA fe80::1", "_tcp. 0 IN SRV 0 0 40000 ."]);
});

test("whoami tells an IPv4 client of an IPv6 socket its A record", async () => {
  const rig = await startRig(". {\n whoami\n}", { plugins: [whoami] });
  const client = { family: "IPv4", address: "::ffff:10.0.0.7" } as const;
  assert.equal((await rig.ask("x. A", { client })).additionals[0], "x. 0 IN A 10.0.0.7");
});

test("a name too long for another label is answered without the SRV record", async () => {
  const rig = await startRig(". {\n whoami\n}", { plugins: [whoami] });
  const name = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(60)}.`;
  assert.equal((await rig.ask(`${name} A`)).additionals.length, 1);
});

test("whoami has neither arguments nor options", () => {
  assert.deepEqual(findingsOf(". {\n whoami x {\n }\n}", [whoami]), [
    "2:9 COREFILE_ARGUMENTS",
    "2:2 COREFILE_SYNTAX",
  ]);
});
