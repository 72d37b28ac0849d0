import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import { chaos } from "../../../src/dns/plugins/chaos.ts";
import { findingsOf, startRig } from "./rig.ts";

test("names of class CH tell version, authors and host", async () => {
  const rig = await startRig(". {\n chaos Frontdesk-test anna@example.org otto otto\n}", {
    plugins: [chaos],
  });
  const told = async (name: string) => (await rig.ask(`${name} CH TXT`)).answers;
  assert.deepEqual(await told("Version.Bind."), ['Version.Bind. 0 CH TXT "Frontdesk-test"']);
  assert.deepEqual(await told("version.server."), ['version.server. 0 CH TXT "Frontdesk-test"']);
  assert.deepEqual(await told("authors.bind."), [
    'authors.bind. 0 CH TXT "anna@example.org"',
    'authors.bind. 0 CH TXT "otto"',
  ]);
  assert.deepEqual(await told("hostname.bind."), [`hostname.bind. 0 CH TXT "${hostname()}"`]);
  assert.deepEqual(await told("id.server."), [`id.server. 0 CH TXT "${hostname()}"`]);
});

test("without arguments the version is that of this program", async () => {
  const rig = await startRig(". {\n chaos\n}", { plugins: [chaos] });
  assert.match((await rig.ask("version.bind. CH TXT")).answers[0] ?? "", /"Frontdesk-\d+\.\d+\.\d+"$/);
});

test("a version over 255 octets is cut to what a TXT record can hold", async () => {
  const rig = await startRig(`. {\n chaos ${"ä".repeat(200)}\n}`, { plugins: [chaos] });
  const { outcome } = await rig.ask("version.bind. CH TXT");
  const [record] = outcome.kind === "reply" ? outcome.message.answers : [];
  assert.ok(record?.data.type === "TXT");
  assert.deepEqual(
    record.data.strings.map(({ length }) => length),
    [255],
  );
});

for (const ask of [
  "version.bind. TXT",
  "version.bind. CH A",
  "version.bind.example. CH TXT",
  "constructor. CH TXT",
]) {
  test(`${ask} goes on to the next plugin`, async () => {
    const rig = await startRig(". {\n chaos\n}", { plugins: [chaos] });
    assert.equal((await rig.ask(ask)).outcome.kind, "failure");
  });
}

test("chaos has no options", () => {
  assert.deepEqual(findingsOf(". {\n chaos {\n x\n }\n chaos\n}", [chaos]), [
    "5:2 COREFILE_NO_EFFECT",
    "2:2 COREFILE_SYNTAX",
  ]);
});
