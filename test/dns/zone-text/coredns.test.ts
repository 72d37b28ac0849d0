import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseRecord } from "../../../src/dns/zone-text/parse-record.ts";
import { parseZone } from "../../../src/dns/zone-text/parse-zone.ts";
import { formatRecord } from "../../support/zone-text.ts";
import { captureCoreDns, isKdigInstalled } from "./fixtures/capture-coredns.ts";
import goldens from "./fixtures/coredns.json" with { type: "json" };

const text = readFileSync(new URL("fixtures/every-type.zone", import.meta.url), "utf8");
const origin = ["example", "org"];

/** A transfer has the SOA at both ends. */
function canonical(lines: readonly string[]): readonly string[] {
  return [...new Set(lines.map(line => formatRecord(parseRecord(line, [], 0))))].sort();
}

test("a zone of every type that is parsed has the octets CoreDNS gives it", () => {
  const parsed = parseZone(text, { origin, file: "every-type.zone" });
  const lines = parsed.map(({ record }) => formatRecord(record)).sort();
  assert.deepEqual(lines, canonical(goldens.octets));
});

test("records as kdig prints them are read back as they were", () => {
  assert.deepEqual(canonical(goldens.text), canonical(goldens.octets));
});

const coredns = process.env.CONFORMANCE_SUBJECT;
const cannotAsk = coredns === undefined || !(await isKdigInstalled());
test("the goldens are what CoreDNS still makes of the zone", { skip: cannotAsk }, async () => {
  assert.deepEqual(await captureCoreDns(coredns ?? ""), goldens);
});
