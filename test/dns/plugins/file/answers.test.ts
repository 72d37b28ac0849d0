import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Answer } from "../rig.ts";
import { nsLine, soaLine, startZone, upstream, zoneText } from "./file-rig.ts";

type Sections = Partial<Pick<Answer, "rcode" | "answers" | "authorities" | "additionals">>;

suite("answers from a zone", () => {
  for (const [ask, expected] of [
    ["www.example.org. A", { answers: ["www.example.org. 60 IN A 192.0.2.3"], authorities: [nsLine] }],
    ["wWw.Example.org. A", { answers: ["wWw.Example.org. 60 IN A 192.0.2.3"], authorities: [nsLine] }],
    ["www.example.org. AAAA", { authorities: [soaLine] }],
    ["www.example.org. ANY", { authorities: [soaLine] }],
    ["none.example.org. A", { rcode: "NXDOMAIN", authorities: [soaLine] }],
    ["below.www.example.org. A", { rcode: "NXDOMAIN", authorities: [soaLine] }],
    ["ent.example.org. A", { authorities: [soaLine] }],
    ["example.org. SOA", { answers: [soaLine], authorities: [nsLine] }],
    ["example.org. NS", { answers: [nsLine], additionals: ["ns1.example.org. 60 IN A 192.0.2.1"] }],
    ["example.org. A", { authorities: [soaLine] }],
    [
      "example.org. MX",
      {
        answers: ["example.org. 60 IN MX 10 mail.example.org."],
        authorities: [nsLine],
        additionals: ["mail.example.org. 60 IN A 192.0.2.2", "mail.example.org. 60 IN AAAA 2001:db8::2"],
      },
    ],
    [
      "_sip._tcp.example.org. SRV",
      {
        answers: [
          "_sip._tcp.example.org. 60 IN SRV 0 0 5060 mail.example.org.",
          "_sip._tcp.example.org. 60 IN SRV 0 0 5060 elsewhere.net.",
        ],
        authorities: [nsLine],
        additionals: ["mail.example.org. 60 IN A 192.0.2.2", "mail.example.org. 60 IN AAAA 2001:db8::2"],
      },
    ],
    [
      "alias.example.org. CNAME",
      { answers: ["alias.example.org. 60 IN CNAME www.example.org."], authorities: [nsLine] },
    ],
    [
      "chain.example.org. A",
      {
        answers: [
          "chain.example.org. 60 IN CNAME alias.example.org.",
          "alias.example.org. 60 IN CNAME www.example.org.",
          "www.example.org. 60 IN A 192.0.2.3",
        ],
        authorities: [nsLine],
      },
    ],
    [
      "alias.example.org. AAAA",
      { answers: ["alias.example.org. 60 IN CNAME www.example.org."], authorities: [nsLine] },
    ],
    [
      "aliasless.example.org. A",
      { answers: ["aliasless.example.org. 60 IN CNAME ent.example.org."], authorities: [nsLine] },
    ],
    [
      "dangling.example.org. A",
      {
        rcode: "NXDOMAIN",
        answers: ["dangling.example.org. 60 IN CNAME nowhere.example.org."],
        authorities: [nsLine],
      },
    ],
    [
      "outside.example.org. A",
      {
        answers: ["outside.example.org. 60 IN CNAME www.example.net.", "www.example.net. 9 IN A 192.0.2.9"],
        authorities: [nsLine],
      },
    ],
    ["a.wild.example.org. A", { answers: ["a.wild.example.org. 60 IN A 192.0.2.4"], authorities: [nsLine] }],
    [
      "B.A.wild.example.org. A",
      { answers: ["B.A.wild.example.org. 60 IN A 192.0.2.4"], authorities: [nsLine] },
    ],
    ["*.wild.example.org. A", { answers: ["*.wild.example.org. 60 IN A 192.0.2.4"], authorities: [nsLine] }],
    ["a.wild.example.org. MX", { authorities: [soaLine] }],
    // RFC 4592 §2.2.1: a name that exists, if only for those beneath it, stops the wildcard above.
    ["a.sub.wild.example.org. A", { rcode: "NXDOMAIN", authorities: [soaLine] }],
    ["wild.example.org. A", { authorities: [soaLine] }],
    [
      "a.cwild.example.org. A",
      {
        answers: ["a.cwild.example.org. 60 IN CNAME www.example.org.", "www.example.org. 60 IN A 192.0.2.3"],
        authorities: [nsLine],
      },
    ],
    [
      "www.moved.example.org. A",
      {
        answers: [
          "moved.example.org. 60 IN DNAME \\# 13 076578616D706C65036E657400",
          "www.moved.example.org. 60 IN CNAME www.example.net.",
          "www.example.net. 9 IN A 192.0.2.9",
        ],
        authorities: [nsLine],
      },
    ],
    [
      "x.inside.example.org. A",
      {
        answers: [
          "inside.example.org. 60 IN DNAME \\# 18 0477696C64076578616D706C65036F726700",
          "x.inside.example.org. 60 IN CNAME x.wild.example.org.",
          "x.wild.example.org. 60 IN A 192.0.2.4",
        ],
        authorities: [nsLine],
      },
    ],
    ["moved.example.org. A", { authorities: [soaLine] }],
    [
      "child.example.org. DS",
      { answers: ["child.example.org. 60 IN DS \\# 6 0001080200FF"], authorities: [nsLine] },
    ],
  ] as const satisfies readonly (readonly [string, Sections])[]) {
    test(`${ask.slice(-60)} is answered ${(expected as Sections).rcode ?? "NOERROR"}`, async () => {
      const { rcode, answers, authorities, additionals } = await (
        await startZone(zoneText, "", { upstream })
      ).ask(ask);
      assert.deepEqual(
        { rcode, answers, authorities, additionals },
        { rcode: "NOERROR", answers: [], authorities: [], additionals: [], ...expected },
      );
    });
  }

  for (const ask of [
    "child.example.org. A",
    "www.child.example.org. AAAA",
    "ns.child.example.org. A",
    "a.child.example.org. DS",
  ]) {
    test(`${ask} is referred to the servers of the child, without authority`, async () => {
      const answer = await (await startZone(zoneText)).ask(ask);
      assert.ok(answer.outcome.kind === "reply");
      assert.equal(answer.outcome.message.isAuthoritative, false);
      assert.deepEqual(answer.answers, []);
      assert.deepEqual(answer.authorities, [
        "child.example.org. 60 IN NS ns.child.example.org.",
        "child.example.org. 60 IN NS ns.elsewhere.net.",
      ]);
      assert.deepEqual(answer.additionals, ["ns.child.example.org. 60 IN A 192.0.2.7"]);
    });
  }

  test("a CNAME that leads back to itself ends", async () => {
    const { rcode, answers } = await (await startZone(zoneText)).ask("loop.example.org. A");
    assert.deepEqual([rcode, answers.length], ["NOERROR", 9]);
  });

  test("a name that a DNAME makes too long is YXDOMAIN", async () => {
    const text = `${zoneText}short DNAME ${"x".repeat(60)}.${"y".repeat(60)}\n`;
    const labels = `${"a".repeat(60)}.${"b".repeat(60)}`;
    const { rcode, answers } = await (await startZone(text)).ask(`${labels}.short.example.org. A`);
    assert.deepEqual([rcode, answers.length], ["YXDOMAIN", 1]);
  });

  test("a name outside the zone goes to the next plugin", async () => {
    const { answers } = await (await startZone(zoneText, "", { upstream })).ask("www.example.net. A");
    assert.deepEqual(answers, ["www.example.net. 9 IN A 192.0.2.9"]);
  });

  test("a zone transfer without transfer is refused", async () => {
    assert.equal((await (await startZone(zoneText)).ask("example.org. AXFR")).rcode, "REFUSED");
  });

  test("a denial says why", async () => {
    const { outcome } = await (await startZone(zoneText)).ask("none.example.org. A");
    assert.ok(outcome.kind === "reply");
    assert.deepEqual(outcome.reason, {
      code: "unknown-name",
      text: "zone example.org. does not hold this name",
    });
  });
});
