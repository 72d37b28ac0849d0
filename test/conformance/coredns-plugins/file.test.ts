/** Corefile word `file`: zones from files of records. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Expectation } from "../conformance-case.ts";
import { corefileAnswers, useCorefile } from "./use-corefile.ts";

const zone = `
$TTL 60
$ORIGIN example.org.
@          SOA   ns1 host 1 7200 3600 1209600 300
           NS    ns1
           MX    10 mail
ns1        A     192.0.2.1
mail       A     192.0.2.2
           AAAA  2001:db8::2
www        A     192.0.2.3
           TXT   "one" "two three"
_sip._tcp  SRV   0 0 5060 mail
           SRV   0 0 5060 elsewhere.test.
alias      CNAME www
chain      CNAME alias
loop       CNAME loop2
loop2      CNAME loop
outside    CNAME www.example.net.
dangling   CNAME nowhere
gone       CNAME nowhere.example.net.
unserved   CNAME www.unserved.test.
below.ent  A     192.0.2.6
$GENERATE 1-3 host-$ A 192.0.2.$
*.wild     A     192.0.2.4
           TXT   "any"
deep.sub.wild A  192.0.2.5
*.cwild    CNAME www
moved      DNAME example.net.
child      NS    ns.child
           NS    ns.elsewhere.test.
ns.child   A     192.0.2.7
`;

const small = (serial: number, address: string) =>
  `$TTL 60\n@ SOA ns1 host ${serial} 1 1 1 1\n@ NS ns1\nwww A ${address}\n`;

let directory = "";
const subject = useCorefile({
  files: { zone, net: small(1, "192.0.2.9"), shared: small(1, "192.0.2.10"), live: small(1, "192.0.2.20") },
  corefile: at => {
    directory = at.directory;
    return `${at.keys("example.org")} {
    ${at.common}
    file ${at.directory}/zone
}
${at.keys("example.net", "a.test", "b.test", "live.test", "c.test")} {
    ${at.bind}
    file ${at.directory}/net example.net
    file ${at.directory}/shared a.test b.test {
      reload 0
    }
    file ${at.directory}/live live.test {
      reload 50ms
    }
}
${at.keys("through.test")} {
    ${at.bind}
    file ${at.directory}/shared through.test {
      fallthrough
    }
    whoami
}
`;
  },
});

const soa = "example.org. 60 IN SOA ns1.example.org. host.example.org. <serial> 7200 3600 1209600 300";
const ns = "example.org. 60 IN NS ns1.example.org.";
const nodata: Expectation = { authority: soa };
const nxdomain: Expectation = { rcode: "NXDOMAIN", authority: soa };

corefileAnswers(subject, [
  {
    name: "a name is answered with the zone's NS records beside it",
    ask: "www.example.org. A",
    answer: "www.example.org. 60 IN A 192.0.2.3",
    authority: ns,
  },
  {
    name: "strings of a TXT record stay apart",
    ask: "www.example.org. TXT",
    answer: 'www.example.org. 60 IN TXT "one" "two three"',
    authority: ns,
  },
  {
    name: "a name in mixed case is answered in the client's case",
    ask: "wWw.Example.org. A",
    answer: "wWw.Example.org. 60 IN A 192.0.2.3",
    authority: ns,
    differs: {
      why: "CoreDNS answers in lower case, which clients that mix case on purpose refuse",
      coredns: { answer: "www.example.org. 60 IN A 192.0.2.3", authority: ns },
    },
  },
  { name: "a type the name has not is empty", ask: "www.example.org. AAAA", ...nodata },
  { name: "ANY is empty", ask: "www.example.org. ANY", ...nodata },
  { name: "a name the zone does not hold is a name error", ask: "none.example.org. A", ...nxdomain },
  { name: "a name below one that exists is a name error", ask: "below.www.example.org. A", ...nxdomain },
  { name: "a name that only has names beneath it is empty", ask: "ent.example.org. A", ...nodata },
  {
    name: "$GENERATE makes names, with the zone's TTL",
    ask: "host-2.example.org. A",
    answer: "host-2.example.org. 60 IN A 192.0.2.2",
    authority: ns,
    differs: {
      why: "CoreDNS forgets $TTL inside $GENERATE",
      coredns: { answer: "host-2.example.org. 3600 IN A 192.0.2.2", authority: ns },
    },
  },
  { name: "SOA of the zone is answered", ask: "example.org. SOA", answer: soa, authority: ns },
  {
    name: "NS of the zone is answered with addresses",
    ask: "example.org. NS",
    answer: ns,
    additional: "ns1.example.org. 60 IN A 192.0.2.1",
  },
  { name: "A of the zone is empty", ask: "example.org. A", ...nodata },
  {
    name: "SRV is answered with the addresses that the zone holds",
    ask: "_sip._tcp.example.org. SRV",
    answer: `_sip._tcp.example.org. 60 IN SRV 0 0 5060 mail.example.org.
             _sip._tcp.example.org. 60 IN SRV 0 0 5060 elsewhere.test.`,
    authority: ns,
    additional: "mail.example.org. 60 IN A 192.0.2.2\nmail.example.org. 60 IN AAAA 2001:db8::2",
  },
  {
    name: "CNAME is answered alone",
    ask: "alias.example.org. CNAME",
    answer: "alias.example.org. 60 IN CNAME www.example.org.",
    authority: ns,
  },
  {
    name: "a chain of aliases is followed",
    ask: "chain.example.org. A",
    answer: `chain.example.org. 60 IN CNAME alias.example.org.
             alias.example.org. 60 IN CNAME www.example.org.
             www.example.org. 60 IN A 192.0.2.3`,
    authority: ns,
  },
  {
    name: "an alias of a name without the type stands alone",
    ask: "alias.example.org. AAAA",
    answer: "alias.example.org. 60 IN CNAME www.example.org.",
    authority: ns,
  },
  {
    name: "an alias of a name in another zone of this server is followed",
    ask: "outside.example.org. A",
    answer: "outside.example.org. 60 IN CNAME www.example.net.\nwww.example.net. 60 IN A 192.0.2.9",
    authority: ns,
  },
  {
    name: "an alias of a missing name in the zone is a name error that holds the alias",
    ask: "dangling.example.org. A",
    rcode: "NXDOMAIN",
    answer: "dangling.example.org. 60 IN CNAME nowhere.example.org.",
    authority: ns,
  },
  {
    name: "an alias of a missing name in another zone is a name error that holds the alias",
    ask: "gone.example.org. A",
    rcode: "NXDOMAIN",
    answer: "gone.example.org. 60 IN CNAME nowhere.example.net.",
    authority: ns,
  },
  {
    name: "an alias of a name that nobody serves here stands alone",
    ask: "unserved.example.org. A",
    answer: "unserved.example.org. 60 IN CNAME www.unserved.test.",
    authority: ns,
  },
  {
    name: "a wildcard answers names below it",
    ask: "a.wild.example.org. A",
    answer: "a.wild.example.org. 60 IN A 192.0.2.4",
    authority: ns,
  },
  {
    name: "a wildcard answers names deeper below it",
    ask: "b.a.wild.example.org. A",
    answer: "b.a.wild.example.org. 60 IN A 192.0.2.4",
    authority: ns,
  },
  { name: "a wildcard without the type is empty", ask: "a.wild.example.org. AAAA", ...nodata },
  {
    name: "a wildcard does not reach below a name that exists for those beneath it",
    ask: "a.sub.wild.example.org. A",
    ...nxdomain,
    differs: {
      why: "RFC 4592 §2.2.1: the closest name that exists decides, also one without records",
      coredns: { answer: "a.sub.wild.example.org. 60 IN A 192.0.2.4", authority: ns },
    },
  },
  {
    name: "a wildcard alias is followed",
    ask: "a.cwild.example.org. A",
    answer: "a.cwild.example.org. 60 IN CNAME www.example.org.\nwww.example.org. 60 IN A 192.0.2.3",
    authority: ns,
  },
  {
    name: "a name below a DNAME is renamed and followed",
    ask: "www.moved.example.org. A",
    answer: `moved.example.org. 60 IN TYPE39 076578616d706c65036e657400
             www.moved.example.org. 60 IN CNAME www.example.net.
             www.example.net. 60 IN A 192.0.2.9`,
    authority: ns,
  },
  ...["child.example.org. A", "www.child.example.org. AAAA", "ns.child.example.org. A"].map(ask => ({
    name: `${ask} in a zone that belongs to others is referred to them`,
    ask,
    isAuthoritative: false,
    authority:
      "child.example.org. 60 IN NS ns.child.example.org.\nchild.example.org. 60 IN NS ns.elsewhere.test.",
    additional: "ns.child.example.org. 60 IN A 192.0.2.7",
  })),
  { name: "DS of such a zone is asked here", ask: "child.example.org. DS", ...nodata },
  {
    name: "AXFR without transfer is refused",
    ask: "example.org. AXFR",
    over: "tcp",
    rcode: "REFUSED",
    isAuthoritative: false,
  },
  {
    name: "a name of the block that is in no file is refused",
    ask: "www.c.test. A",
    rcode: "REFUSED",
    isAuthoritative: false,
  },
  {
    name: "one file serves its first zone",
    ask: "www.a.test. A",
    answer: "www.a.test. 60 IN A 192.0.2.10",
    authority: "a.test. 60 IN NS ns1.a.test.",
  },
  {
    name: "one file serves its second zone",
    ask: "www.b.test. A",
    answer: "www.b.test. 60 IN A 192.0.2.10",
    authority: "b.test. 60 IN NS ns1.b.test.",
  },
]);

test("MX is answered with addresses", async () => {
  const { answer, additional } = await subject.ask("example.org. MX");
  assert.equal(answer.length, 1);
  assert.deepEqual(additional, [
    "mail.example.org. 60 IN A 192.0.2.2",
    "mail.example.org. 60 IN AAAA 2001:db8::2",
  ]);
});

test("an alias that leads back to itself is answered, not followed for ever", async () => {
  const { rcode, answer } = await subject.ask("loop.example.org. A", {}, "tcp");
  assert.equal(rcode, "NOERROR");
  assert.equal(new Set(answer).size, 2);
});

test("with fallthrough a name error goes on, a name without the type does not", async () => {
  assert.equal((await subject.ask("none.through.test. A")).additional.length, 2);
  assert.equal((await subject.ask("www.through.test. AAAA")).additional.length, 0);
});

test("a changed file is read again only with another serial", async () => {
  const addressOfWww = async () => (await subject.ask("www.live.test. A")).answer.join();
  await writeFile(join(directory, "live"), small(1, "192.0.2.21"));
  await delay(200);
  assert.equal(await addressOfWww(), "www.live.test. 60 IN A 192.0.2.20");
  await writeFile(join(directory, "live"), small(2, "192.0.2.22"));
  const deadline = Date.now() + 3_000;
  while ((await addressOfWww()) !== "www.live.test. 60 IN A 192.0.2.22" && Date.now() < deadline)
    await delay(10);
  assert.equal(await addressOfWww(), "www.live.test. 60 IN A 192.0.2.22");
});

test("a file that breaks leaves the zone as it was", async () => {
  await writeFile(join(directory, "live"), `${small(3, "192.0.2.23")}broken A nowhere\n`);
  await delay(200);
  assert.equal((await subject.ask("www.live.test. A")).answer.join(), "www.live.test. 60 IN A 192.0.2.22");
});
