/** Corefile word `acl`: allow, block, filter and drop. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { differsFromCoreDns, type Expectation } from "../conformance-case.ts";
import { corefileAnswers, metricsOf, useCorefile } from "./use-corefile.ts";

const subject = useCorefile({
  files: {
    hosts: "192.0.2.1 block.test filter.test drop.test types.test order.test other.test deep.zones.test\n",
  },
  corefile: at => {
    const block = (zone: string, acl: string) => `${at.keys(zone)} {
    ${zone === "." ? at.common : at.bind}
    hosts ${at.directory}/hosts
    ${acl}
}
`;
    return [
      block(".", "acl {\n block type MX net 127.0.0.0/8\n }"),
      block("block.test", "acl {\n block type A net 127.0.0.0/8\n block net 10.0.0.0/8 ::/0\n }"),
      block("filter.test", "acl {\n FILTER TYPE A NET *\n }"),
      block("drop.test", "acl {\n drop type A\n }"),
      block("types.test", "acl types.test:53 {\n block type AAAA HTTPS\n }"),
      block("order.test", "acl {\n allow net 127.0.0.1\n block\n }"),
      block("zones.test", "acl deep.zones.test {\n allow type TXT\n }\n acl zones.test {\n block\n }"),
    ].join("");
  },
});

const refused: Expectation = { rcode: "REFUSED", isAuthoritative: false };
const edns = { edns: {} };

corefileAnswers(subject, [
  {
    name: "a type and a client that a rule blocks are refused",
    ask: "block.test. A",
    query: edns,
    ...refused,
  },
  { name: "another type is allowed", ask: "block.test. TXT" },
  {
    name: "a type that a rule filters is answered with nothing",
    ask: "filter.test. A",
    query: edns,
    isAuthoritative: false,
  },
  // The zone of its stanza has a port, which means nothing.
  { name: "a type of several is refused", ask: "types.test. HTTPS", query: edns, ...refused },
  {
    name: "a type beside several is allowed",
    ask: "types.test. A",
    answer: "types.test. 3600 IN A 192.0.2.1",
  },
  {
    name: "the first rule that fits decides",
    ask: "order.test. A",
    answer: "order.test. 3600 IN A 192.0.2.1",
  },
  { name: "an earlier stanza decides in its zones", ask: "deep.zones.test. TXT" },
  {
    name: "what an earlier stanza leaves open a later one decides",
    ask: "deep.zones.test. A",
    query: edns,
    ...refused,
  },
  { name: "what no rule fits is allowed", ask: "other.test. A", answer: "other.test. 3600 IN A 192.0.2.1" },
]);

for (const [what, ask, infoCode] of [
  ["a refusal is Blocked", "block.test. A", 15],
  ["an empty answer is Filtered", "filter.test. A", 17],
] as const) {
  test(`the reason of ${what}`, async () => {
    const { opt } = await subject.ask(ask, edns);
    const option = opt?.options.find(({ code }) => code === 15);
    assert.equal(option?.data.readUInt16BE(0), infoCode);
  });
}

test(
  "a client without EDNS gets no OPT record",
  differsFromCoreDns("CoreDNS sends one, RFC 6891 §7"),
  async () => {
    assert.equal((await subject.ask("block.test. A")).opt, undefined);
  },
);

test("a query that is dropped has no reply", async () => {
  await assert.rejects(exchangeUdp(subject.subject.server, buildQuery("drop.test. A"), 150));
});

test("decisions are counted", async () => {
  await subject.ask("mail.test. MX", edns);
  const { port, host } = subject.subject.server;
  for (const [name, ...labels] of [
    ["blocked", `server="dns://${host}:${port}"`, 'zone="."', 'view=""'],
    ["allowed", `server="dns://${host}:${port}"`, 'view=""'],
  ]) {
    const lines = await metricsOf(subject, `coredns_acl_${name}_requests_total{`);
    const counted = lines.filter(line => labels.every(label => line.includes(label)));
    assert.equal(counted.length, 1, lines.join("\n"));
  }
});
