import assert from "node:assert/strict";
import { test } from "node:test";
import { local } from "../../../src/dns/plugins/local.ts";
import { findingsOf, startRig } from "./rig.ts";

const soa = (name: string) => `${name} 604800 IN SOA localhost. root.localhost. 1 0 0 0 604800`;
const counter = "coredns_local_localhost_requests_total";

for (const [ask, rcode, answer, authority] of [
  ["LocalHost. A", "NOERROR", "LocalHost. 604800 IN A 127.0.0.1"],
  ["localhost. AAAA", "NOERROR", "localhost. 604800 IN AAAA ::1"],
  ["localhost. NS", "NOERROR", "localhost. 604800 IN NS localhost."],
  ["localhost. SOA", "NOERROR", soa("localhost.")],
  ["localhost. TXT", "NOERROR", undefined, soa("localhost.")],
  ["127.in-addr.arpa. NS", "NOERROR", "127.in-addr.arpa. 604800 IN NS localhost."],
  ["127.in-addr.arpa. A", "NOERROR", undefined, soa("127.in-addr.arpa.")],
  ["1.0.0.127.in-addr.arpa. PTR", "NOERROR", "1.0.0.127.in-addr.arpa. 604800 IN PTR localhost."],
  ["1.0.0.127.in-addr.arpa. A", "NOERROR", undefined, soa("127.in-addr.arpa.")],
  ["0.0.127.In-addr.arpa. PTR", "NOERROR", undefined, soa("127.In-addr.arpa.")],
  ["2.0.0.127.in-addr.arpa. PTR", "NXDOMAIN", undefined, soa("127.in-addr.arpa.")],
  ["1.0.0.255.in-addr.arpa. PTR", "NXDOMAIN", undefined, soa("255.in-addr.arpa.")],
  ["5.0.in-addr.arpa. PTR", "NXDOMAIN", undefined, soa("0.in-addr.arpa.")],
  ["app.localhost. A", "NOERROR", "app.localhost. 604800 IN A 127.0.0.1"],
  ["localhost.example.org. AAAA", "NOERROR", "localhost.example.org. 604800 IN AAAA ::1"],
  ["localhost.example.org. MX", "NOERROR", undefined, soa("localhost.example.org.")],
] as const) {
  test(`${ask} is answered here`, async () => {
    const rig = await startRig(". {\n local\n}", { plugins: [local] });
    const reply = await rig.ask(ask);
    assert.equal(reply.rcode, rcode);
    assert.deepEqual(reply.answers, answer === undefined ? [] : [answer]);
    assert.deepEqual(reply.authorities, authority === undefined ? [] : [authority]);
  });
}

test("names below localhost and with localhost in front are counted, localhost is not", async () => {
  const rig = await startRig(". {\n local\n}", { plugins: [local] });
  for (const name of ["localhost.", "a.localhost.", "localhost.example."]) await rig.ask(`${name} A`);
  assert.equal(rig.metrics.get(counter), 2);
});

test("other names go on to the next plugin", async () => {
  const rig = await startRig(". {\n local\n}", { plugins: [local] });
  for (const ask of ["example.org. A", "1.0.0.10.in-addr.arpa. PTR", "mylocalhost. A"]) {
    assert.equal((await rig.ask(ask)).outcome.kind, "failure", ask);
  }
});

test("localhost_prefix off leaves localhost.<domain> to the next plugin", async () => {
  const rig = await startRig(". {\n local {\n localhost_prefix off\n }\n}", { plugins: [local] });
  assert.equal((await rig.ask("localhost.example.org. A")).outcome.kind, "failure");
  assert.equal((await rig.ask("a.localhost. A")).rcode, "NOERROR");
});

test("what local does not know is found", () => {
  const corefile = ". {\n local x {\n foo\n localhost_prefix\n localhost_prefix yes\n }\n}";
  assert.deepEqual(findingsOf(corefile, [local]), [
    "2:8 COREFILE_NO_EFFECT",
    "3:2 COREFILE_UNKNOWN_OPTION",
    "4:2 COREFILE_ARGUMENTS",
    "5:19 COREFILE_VALUE",
  ]);
});
