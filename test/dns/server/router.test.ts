import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunningBlock } from "../../../src/dns/plugins/block.ts";
import { createRouter, siteOf, takesClass } from "../../../src/dns/server/router.ts";
import { Work } from "../../../src/dns/server/work.ts";
import { lowerName, parseName } from "../../../src/dns/wire/name.ts";
import { classCodes, typeCodes } from "../../../src/dns/wire/record.ts";

function siteFor(zone: string, ...plugins: readonly string[]) {
  const members = plugins.map(name => ({ name, config: undefined, layer: {} }));
  return siteOf(parseName(zone), { members } as unknown as RunningBlock, new Work());
}

function zoneFor(zones: readonly string[], name: string, type: number = typeCodes.A): string | undefined {
  return createRouter(zones.map(zone => siteFor(zone))).siteFor(lowerName(parseName(name)), type)?.zoneText;
}

const nested = ["org.", ".", "a.b.example.org.", "example.org."];

for (const [name, zone] of [
  ["www.example.org.", "example.org."],
  ["example.org.", "example.org."],
  ["WWW.Example.ORG.", "example.org."],
  ["b.example.org.", "example.org."],
  ["x.a.b.example.org.", "a.b.example.org."],
  ["notexample.org.", "org."],
  ["example.net.", "."],
  [".", "."],
] as const) {
  test(`${name} belongs to ${zone}, the longest zone that holds it`, () => {
    assert.equal(zoneFor(nested, name), zone);
  });
}

test("a name in none of the zones belongs to nobody", () => {
  assert.equal(zoneFor(["example.org."], "example.net."), undefined);
  assert.equal(zoneFor(["example.org."], "org."), undefined);
});

for (const [what, zones, name, zone] of [
  ["at the top of a zone is the parent's", nested, "example.org.", "org."],
  ["is the zone's own where no parent is served", ["example.org."], "example.org.", "example.org."],
  ["below the top of a zone is the zone's", nested, "www.example.org.", "example.org."],
] as const) {
  test(`DS ${what}`, () => assert.equal(zoneFor(zones, name, typeCodes.DS), zone));
}

for (const [plugin, isTaken] of [
  ["chaos", true],
  ["forward", true],
  ["whoami", false],
] as const) {
  test(`classes other than IN are ${isTaken ? "" : "not "}for blocks with ${plugin}`, () => {
    const site = siteFor(".", plugin);
    assert.equal(takesClass(site, classCodes.CH), isTaken);
    assert.equal(takesClass(site, classCodes.IN), true);
  });
}
