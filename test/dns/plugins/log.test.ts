import assert from "node:assert/strict";
import { test } from "node:test";
import { log } from "../../../src/dns/plugins/log/log.ts";
import type { Outcome } from "../../../src/dns/plugins/outcome.ts";
import { failure } from "../../../src/dns/plugins/outcome.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import type { ResourceRecord } from "../../../src/dns/wire/record.ts";
import { type AskOptions, findingsOf, type Rig, startRig } from "./rig.ts";

const address: ResourceRecord = {
  name: ["www", "example", "org"],
  class: 1,
  ttlSeconds: 60,
  data: { type: "A", address: "192.0.2.1" },
};
const soa: ResourceRecord = {
  name: ["example", "org"],
  class: 1,
  ttlSeconds: 60,
  data: {
    ...{ type: "SOA", primary: [], mailbox: [], serial: 1 },
    ...{ refreshSeconds: 1, retrySeconds: 1, expireSeconds: 1, minimumSeconds: 1 },
  } as const,
};

function tell(rig: Rig, ask: string, options: AskOptions = {}, outcome?: Outcome): void {
  const query = rig.query(ask, { id: 29_008, ...options });
  const told = outcome ?? replyTo(query.message, { plugin: "test", answers: [address] });
  const [member] = rig.chain.members;
  const response = Buffer.from([0, 0, 0x85, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]);
  const rcode = told.kind === "reply" ? told.message.rcode : 2;
  member?.layer.sent?.({
    query,
    outcome: told,
    rcode,
    requestSizeBytes: 41,
    response,
    durationMs: 37.990251,
  });
}

test("the default line is CoreDNS's, to the letter", async () => {
  const rig = await startRig(". {\n log\n}", { plugins: [log] });
  tell(rig, "Example.ORG. A", { client: { address: "10.0.0.1", port: 4000 } });
  tell(rig, "example.org. AAAA", {
    edns: { isDnssecOk: true },
    client: { address: "fd00::1", port: 4001, family: "IPv6", protocol: "tcp" },
  });
  assert.deepEqual(rig.lines, [
    '[INFO] 10.0.0.1:4000 - 29008 "A IN example.org. udp 41 false 512" NOERROR qr,aa,rd,ra 12 0.037990251s',
    '[INFO] [fd00::1]:4001 - 29008 "AAAA IN example.org. tcp 41 true 65535" NOERROR qr,aa,rd,ra 12 0.037990251s',
  ]);
});

test("formats of one's own, with {combined}, unknown labels and metadata that is not there", async () => {
  const rig = await startRig('. {\n log . "{name} {>OPCODE} {nonsense} {/kubernetes/service} {local}"\n}', {
    plugins: [log],
  });
  tell(rig, "example.org. A");
  assert.deepEqual(rig.lines, ["[INFO] example.org. 0 - - 10.96.0.10"]);
});

test("the first rule whose names hold the name decides; classes tell denials from successes and errors", async () => {
  const rig = await startRig('. {\n log example.org {\n  class denial error\n }\n log . "other {name}"\n}', {
    plugins: [log],
  });
  const query = rig.query("www.example.org. A").message;
  tell(rig, "www.example.org. A");
  assert.deepEqual(rig.lines, []);
  tell(rig, "nodata.example.org. A", {}, replyTo(query, { plugin: "test", authorities: [soa] }));
  tell(rig, "nxdomain.example.org. A", {}, replyTo(query, { plugin: "test", rcode: 3, authorities: [soa] }));
  tell(rig, "servfail.example.org. A", {}, failure(2));
  tell(rig, "www.example.net. A");
  assert.deepEqual(
    rig.lines.map(line => /\w+\.example\.\w+\./.exec(line)?.[0]),
    ["nodata.example.org.", "nxdomain.example.org.", "servfail.example.org.", "www.example.net."],
  );
});

test("the probe of loop is nobody's query", async () => {
  const rig = await startRig(". {\n log\n}", { plugins: [log] });
  const { message } = rig.query("1234.5678. HINFO");
  tell(rig, "1234.5678. HINFO", {}, replyTo(message, { plugin: "loop", rcode: 3 }));
  assert.deepEqual(rig.lines, []);
});

test("a format that stands alone is a name to CoreDNS, which is worth a word; mistakes are found", () => {
  assert.deepEqual(findingsOf('. {\n log "{name}" {\n  class most\n  class\n  other\n }\n}', [log]), [
    "3:9 COREFILE_VALUE",
    "4:3 COREFILE_ARGUMENTS",
    "5:3 COREFILE_UNKNOWN_OPTION",
    "2:6 COREFILE_NO_EFFECT",
  ]);
});
