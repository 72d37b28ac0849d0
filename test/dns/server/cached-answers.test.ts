/** Replies of upstreams that are ready: out of the cache, with the TTLs and counts that the cache would give them. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { octetsReply } from "../../../src/dns/plugins/octets-reply.ts";
import type { Handler } from "../../../src/dns/plugins/plugin.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply, type Reply } from "../../support/dns-client-reply.ts";
import { parseZoneText } from "../../support/parse-zone-text.ts";
import { Subject } from "./shortcut-subject.ts";

const soa = "net. 40 IN SOA a.net. b.net. 1 2 3 4 20";

/** Says what its zone text says, whatever is asked. */
function saying(rcode: number, answers: string, authorities = ""): Handler {
  return async query => {
    const parts = { rcode, answers: parseZoneText(answers), authorities: parseZoneText(authorities) };
    const { message } = replyTo(query.message, { plugin: "upstream", ...parts });
    return octetsReply(encodeMessage(message, 65_535), { plugin: "forward" });
  };
}

const twoAddresses = saying(0, "www.example.net. 10 IN A 192.0.2.1\nwww.example.net. 10 IN A 192.0.2.2");
const question = "www.example.net. A";

async function reply(subject: Subject): Promise<Reply> {
  const octets = await subject.answering.ask(buildQuery(question, { edns: {} }));
  return decodeReply(octets ?? Buffer.of());
}

function ttlsOf({ answer, authority }: Reply): string {
  return [...answer, ...authority].map(record => record.split(" ")[1]).join(" ");
}

suite("a reply that is ready, half a second after the one before", () => {
  for (const [what, words, upstream, ttls, isReady] of [
    ["counts down", "cache 30", twoAddresses, ["10 10", "10 10", "9 9", "9 9", "8 8"], "yyyyy"],
    [
      "counts down with its addresses in any order",
      "loadbalance\ncache 30",
      twoAddresses,
      ["10 10", "10 10", "9 9"],
      "yyy",
    ],
    ["counts down when it is a denial", "cache 30", saying(3, "", soa), ["30", "30", "29", "29"], "yyyy"],
    [
      "keeps its TTL with keepttl",
      "cache 30 {\nkeepttl\n}",
      twoAddresses,
      ["10 10", "10 10", "10 10"],
      "yyy",
    ],
    // From each second to the next it has to be made anew, since nobody knows what a rule makes of another TTL.
    [
      "has the TTL of a rule",
      "rewrite ttl www.example.net 9-\ncache 30",
      twoAddresses,
      ["10 10", "10 10", "9 9", "9 9", "9 9"],
      "yynyn",
    ],
  ] as const) {
    test(what, async context => {
      const subject = await Subject.start(context, words, upstream);
      for (let time = 0; time < 3; time++) await reply(subject);
      let taken = "";
      for (const expected of ttls) {
        const { hits } = subject.answering;
        assert.equal(ttlsOf(await reply(subject)), expected);
        taken += subject.answering.hits > hits ? "y" : "n";
        subject.rig.nowMs += 500;
      }
      assert.equal(taken, isReady);
    });
  }

  for (const option of ["", "keepttl"]) {
    test(`tells how long a failure is believed, with ${option || "no option"}`, async context => {
      const subject = await Subject.start(context, `cache 30 {\nservfail 3s\n${option}\n}`, saying(2, ""));
      const told = [];
      for (let time = 0; time < 6; time++) {
        for (let again = 0; again < 2; again++) await reply(subject);
        const { rcode, opt } = await reply(subject);
        assert.equal(rcode, "SERVFAIL");
        told.push(/in (\d+) s/.exec(String(opt?.options[0]?.data))?.[1]);
        subject.rig.nowMs += 500;
      }
      assert.deepEqual(told, ["3", "3", "2", "2", "1", "1"]);
      assert.ok(subject.answering.hits > 0);
    });
  }
});

test("an entry of the cache is of use, whichever way its reply takes: others make room", async context => {
  const subject = await Subject.start(context, "cache {\nsuccess 1024\n}");
  const missesOf = () =>
    subject.rig.metrics.get('coredns_cache_misses_total{server="dns://:53",zones=".",view=""}');
  for (let time = 0; time < 3; time++) await subject.ask(question);
  for (let index = 0; index < 4_000; index++) {
    await subject.ask(`other-${index}.example.net. A`);
    if (index % 100 === 0) await subject.ask(question);
  }
  assert.equal(missesOf(), 1 + 4_000);
});
