import assert from "node:assert/strict";
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { PluginStartError } from "../../../../src/dns/plugins/plugin.ts";
import { isTransferableLayer } from "../../../../src/dns/plugins/transfer/transferable.ts";
import { replaceFile } from "../../../support/replace-file.ts";
import { formatRecord } from "../../../support/zone-text.ts";
import type { Rig } from "../rig.ts";
import { directory, nsLine, soaLine, startFile, startZone, zoneText } from "./file-rig.ts";

const small = (serial: number, address: string) =>
  `$TTL 60\n@ SOA ns1 host ${serial} 1 1 1 1\nwww A ${address}\n`;

async function addressOfWww(running: Rig): Promise<readonly string[]> {
  return (await running.ask("www.example.org. A")).answers.map(line => line.split(" ").at(-1) ?? "");
}

/** The next change that the layer tells of. */
function nextChange(running: Rig): Promise<unknown> {
  const layer = running.chain.members.map(member => member.layer).find(isTransferableLayer);
  assert.ok(layer);
  const target = new EventTarget();
  layer.transferable.onChange?.(() => target.dispatchEvent(new Event("change")));
  return once(target, "change");
}

async function nextLine(running: Rig): Promise<string> {
  const count = running.lines.length;
  while (running.lines.length === count) await new Promise(resolve => setTimeout(resolve, 2));
  return running.lines.at(-1) ?? "";
}

test("a changed file with a new serial is read again", async () => {
  const running = await startZone(small(1, "192.0.2.1"), "reload 5ms");
  const changed = nextChange(running);
  await replaceFile(join(directory, "zone"), small(2, "192.0.2.22"));
  await changed;
  assert.deepEqual(await addressOfWww(running), ["192.0.2.22"]);
});

test("a changed file with its old serial changes nothing and is told of", async () => {
  const running = await startZone(small(1, "192.0.2.1"), "reload 5ms");
  await replaceFile(join(directory, "zone"), small(1, "192.0.2.22"));
  assert.match(await nextLine(running), /its SOA serial is still 1: zone example.org. stays as it was/);
  assert.deepEqual(await addressOfWww(running), ["192.0.2.1"]);
});

test("a change that breaks the file keeps the old zone and is told with its place", async () => {
  const running = await startZone(small(1, "192.0.2.1"), "reload 5ms");
  await replaceFile(join(directory, "zone"), small(2, "nowhere"));
  assert.match(await nextLine(running), /zone:3:7: \\"nowhere\\" is not an IPv4 address; .* stays as it was/);
  assert.deepEqual(await addressOfWww(running), ["192.0.2.1"]);
});

test("a change of an included file is a change of the zone", async () => {
  await writeFile(join(directory, "more"), small(1, "192.0.2.1"));
  const running = await startZone("$INCLUDE more\n", "reload 5ms");
  const changed = nextChange(running);
  await replaceFile(join(directory, "more"), small(2, "192.0.2.22"));
  await changed;
  assert.deepEqual(await addressOfWww(running), ["192.0.2.22"]);
});

test("a file that comes later is served when it comes", async () => {
  const path = join(directory, "later");
  const rig = await startFile(`. {\n file ${path} example.org {\n reload 5ms\n }\n}`);
  assert.equal((await rig.ask("www.example.org. A")).rcode, "SERVFAIL");
  const changed = nextChange(rig);
  await replaceFile(path, small(1, "192.0.2.1"));
  await changed;
  assert.deepEqual(await addressOfWww(rig), ["192.0.2.1"]);
});

for (const [title, text, options, message] of [
  [
    "that does not parse",
    "@ SOA ns1\n",
    "",
    /^Corefile:2:7: .*zone:1:7: the mailbox of who is responsible is missing/,
  ],
  ["without an SOA", "www 60 A 192.0.2.1\n", "", /there is no SOA record for example.org\./],
  [
    "signed with NSEC3",
    `${small(1, "192.0.2.1")}@ NSEC3PARAM 1 0 1 -\n`,
    "",
    /zone:4:1: zones signed with NSEC3 cannot be served/,
  ],
  [
    "that is missing and never looked for again",
    undefined,
    "reload 0",
    /the zone file cannot be read: ENOENT/,
  ],
] as const) {
  test(`a file ${title} keeps the server from starting`, async () => {
    await rm(join(directory, "zone"), { force: true });
    if (text !== undefined) await writeFile(join(directory, "zone"), text);
    const corefile = `. {\n file ${join(directory, "zone")} example.org {\n ${options}\n }\n}`;
    await assert.rejects(startFile(corefile), (error: unknown) => {
      assert.ok(error instanceof PluginStartError);
      assert.match(error.message, message);
      assert.notEqual(error.remedy, "");
      return true;
    });
  });
}

test("records outside the zone are left out and told of", async () => {
  const running = await startZone(`${small(1, "192.0.2.1")}www.example.net. A 192.0.2.5\n`);
  assert.match(running.lines.join(), /1 records lie outside example.org., such as www.example.net./);
});

test("contents for a transfer begin with the zone's NS records and hold everything but the SOA", async () => {
  const running = await startZone(zoneText);
  const layer = running.chain.members.map(member => member.layer).find(isTransferableLayer);
  const contents = layer?.transferable.contents(["example", "org"]);
  assert.ok(contents);
  const lines = [...contents.records].map(formatRecord);
  assert.equal(formatRecord(contents.soa), soaLine);
  assert.equal(lines[0], nsLine);
  assert.equal(lines.length, 26);
  assert.ok(lines.includes("ns.child.example.org. 60 IN A 192.0.2.7"));
  assert.equal(layer?.transferable.contents(["www", "example", "org"]), undefined);
});
