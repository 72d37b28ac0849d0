import assert from "node:assert/strict";
import { test } from "node:test";
import { minimal } from "../../../src/dns/plugins/minimal.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import type { ResourceRecord } from "../../../src/dns/wire/record.ts";
import { parseZoneText } from "../../support/parse-zone-text.ts";
import { findingsOf, startRig } from "./rig.ts";

const address: ResourceRecord = {
  name: ["www", "example", "org"],
  class: 1,
  ttlSeconds: 60,
  data: { type: "A", address: "192.0.2.1" },
};
const nameServer: ResourceRecord = {
  name: ["example", "org"],
  class: 1,
  ttlSeconds: 60,
  data: { type: "NS", target: ["ns", "example", "org"] },
};

test("a positive reply loses all but its answer", async () => {
  const rig = await startRig(". {\n minimal\n}", {
    plugins: [minimal],
    upstream: query =>
      replyTo(query.message, {
        plugin: "test",
        answers: [address],
        authorities: [nameServer],
        additionals: [address],
      }),
  });
  const { answers, authorities, additionals } = await rig.ask("www.example.org. A");
  assert.deepEqual(answers, ["www.example.org. 60 IN A 192.0.2.1"]);
  assert.deepEqual([authorities, additionals], [[], []]);
});

test("a delegation keeps its NS records", async () => {
  const rig = await startRig(". {\n minimal\n}", {
    plugins: [minimal],
    upstream: query => replyTo(query.message, { plugin: "test", authorities: [nameServer] }),
  });
  assert.deepEqual((await rig.ask("www.example.org. A")).authorities, [
    "example.org. 60 IN NS ns.example.org.",
  ]);
});

test("a reply with additional records only loses them", async () => {
  const rig = await startRig(". {\n minimal\n}", {
    plugins: [minimal],
    upstream: query => replyTo(query.message, { plugin: "test", additionals: [address] }),
  });
  assert.deepEqual((await rig.ask("www.example.org. A")).additionals, []);
});

test("a denial keeps its SOA record", async () => {
  const denial = parseZoneText("example.org. 60 IN SOA ns.example.org. root.example.org. 1 2 3 4 5");
  const rig = await startRig(". {\n minimal\n}", {
    plugins: [minimal],
    upstream: query => replyTo(query.message, { plugin: "test", authorities: denial }),
  });
  assert.equal((await rig.ask("www.example.org. A")).authorities.length, 1);
});

test("minimal has neither arguments nor options", () => {
  assert.deepEqual(findingsOf(". {\n minimal now {\n x\n }\n minimal\n}", [minimal]), [
    "5:2 COREFILE_NO_EFFECT",
    "2:10 COREFILE_ARGUMENTS",
    "2:2 COREFILE_SYNTAX",
  ]);
});
