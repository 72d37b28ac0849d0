/** Corefile word `rewrite`: other questions, and replies that fit the first ones. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { TestUpstream } from "../../support/test-upstream.ts";
import { differsFromCoreDns } from "../conformance-case.ts";
import { corefileAnswers, useCorefile } from "./use-corefile.ts";

const upstream = await TestUpstream.start();
after(() => upstream.stop());

const subject = useCorefile({
  corefile: at => {
    const block = (zone: string, lines: string) => `${at.keys(zone)} {
    ${zone === "." ? at.common : at.bind}
    ${lines}
}
`;
    return [
      block(".", ""),
      block(
        "name.test",
        `rewrite name exact a.name.test Target.name.test
    rewrite name prefix pre target
    rewrite name suffix .suf.name.test .name.test
    rewrite name suffix .auto.name.test .name.test answer auto
    rewrite name substring sub.name name
    rewrite name regex ^r(.*)-x\\.name\\.test\\.$ {1}.name.test
    rewrite stop {
        name regex ^s(.*)-x\\.name\\.test\\.$ {1}.name.test answer name (.*)\\.name\\.test {1}.back.test
        answer value (.*)\\.lead\\.test {1}.led.test
    }
    rewrite name regex (.*)bad(.*) {1}..{2}
    rewrite continue name one.name.test two.name.test
    rewrite continue name two.name.test target.name.test
    rewrite name target.name.test never.name.test
    template ANY ANY {
        match ^target\\.
        answer "{{ .Name }} 60 IN CNAME x.lead.test."
        additional "{{ .Name }} 60 IN {{ if eq .Type \`A\` }}A 192.0.2.1{{ else }}TXT {{ .Type }}{{ end }}"
    }`,
      ),
      block(
        "reply.test",
        `rewrite continue ttl a.reply.test 15
    rewrite continue ttl regex ^b 30-300
    rewrite continue ttl suffix .cap.reply.test -30
    rewrite continue rcode prefix nx NXDOMAIN NOERROR
    rewrite continue rcode exact down.reply.test servfail 3
    rewrite type MX A
    template ANY ANY {
        match ^nx
        rcode NXDOMAIN
        authority "reply.test 60 IN NS ns.reply.test"
        fallthrough
    }
    template IN A {
        match ^a ^b ^c
        answer "{{ .Name }} 60 IN A 192.0.2.1"
        answer "{{ .Name }} 600 IN A 192.0.2.2"
        answer "{{ .Name }} 6 IN A 192.0.2.3"
    }`,
      ),
      block(
        "alias.test",
        `rewrite cname regex (.*)\\.cdn\\.test\\. {1}.to.alias.test.
    template IN A {
        match ^a
        answer "a.alias.test 60 IN CNAME www.cdn.test"
        fallthrough
    }
    template IN A {
        match ^www
        answer "{{ .Name }} 60 IN A 192.0.2.7"
    }`,
      ),
      block("class.test", `rewrite class CH IN\n    forward . ${upstream.target}`),
      block(
        "echo.test",
        `rewrite continue edns0 local set 0xffee 0x6162
    rewrite continue edns0 local set 0xffed abcd revert
    rewrite edns0 local set 0xffec abcd
    template IN A {
    }`,
      ),
      block(
        "edns.test",
        `metadata
    rewrite continue edns0 local set 0xffee {client_ip}
    rewrite continue edns0 local set 0xffed {qname} revert
    rewrite continue edns0 local set 0xffec 0x616263
    rewrite continue edns0 local set 0xffeb {no/label}
    rewrite continue edns0 subnet set 24 56
    rewrite continue edns0 nsid set revert
    rewrite edns0 local unset 0xffec
    forward . ${upstream.target}`,
      ),
    ].join("");
  },
});

/** What `target` answers, under the name that the client gets to see. */
function target(name: string, lead = "x.lead.test.", type = "A 192.0.2.1") {
  return { answer: `${name} 60 IN CNAME ${lead}`, additional: `${name} 60 IN ${type}` };
}

corefileAnswers(subject, [
  {
    name: "an exact name is asked for and answered under the old one",
    ask: "a.name.test. A",
    ...target("a.name.test."),
  },
  {
    name: "a beginning of a name is a label, since it ends with a dot",
    ask: "pre.name.test. A",
    ...target("target.name.test."),
  },
  { name: "an end of a name is replaced", ask: "target.suf.name.test. A", ...target("target.name.test.") },
  {
    name: "an end of a name is put back when asked to",
    ask: "target.auto.name.test. A",
    ...target("target.auto.name.test."),
  },
  { name: "a part of a name is replaced", ask: "target.sub.name.test. A", ...target("target.name.test.") },
  {
    name: "a pattern's group goes into the name",
    ask: "rtarget-x.name.test. A",
    ...target("target.name.test."),
  },
  {
    name: "answers are rewritten by patterns of their own",
    ask: "starget-x.name.test. A",
    ...target("target.back.test.", "x.led.test."),
  },
  {
    name: "a name that cannot be is SERVFAIL",
    ask: "abadb.name.test. A",
    rcode: "SERVFAIL",
    isAuthoritative: false,
  },
  { name: "rules go on until one stops", ask: "one.name.test. A", rcode: "SERVFAIL", isAuthoritative: false },
  {
    name: "rules compare in lower case",
    ask: "A.Name.TEST. AAAA",
    over: "tcp",
    ...target("A.Name.TEST.", undefined, 'TXT "AAAA"'),
    differs: {
      why: "CoreDNS puts the name back in lower case",
      coredns: target("a.name.test.", undefined, 'TXT "AAAA"'),
    },
  },
  {
    name: "a TTL is set",
    ask: "a.reply.test. A",
    answer: `a.reply.test. 15 IN A 192.0.2.1
             a.reply.test. 15 IN A 192.0.2.2
             a.reply.test. 15 IN A 192.0.2.3`,
  },
  {
    name: "a TTL is kept in a range",
    ask: "b.reply.test. A",
    answer: `b.reply.test. 60 IN A 192.0.2.1
             b.reply.test. 300 IN A 192.0.2.2
             b.reply.test. 30 IN A 192.0.2.3`,
  },
  {
    name: "a TTL is capped",
    ask: "c.cap.reply.test. A",
    answer: `c.cap.reply.test. 30 IN A 192.0.2.1
             c.cap.reply.test. 30 IN A 192.0.2.2
             c.cap.reply.test. 6 IN A 192.0.2.3`,
  },
  {
    name: "a response code is replaced",
    ask: "nx.reply.test. A",
    authority: "reply.test. 60 IN NS ns.reply.test.",
  },
  {
    name: "a type is replaced, and the question stays",
    ask: "c.reply.test. MX",
    answer: `c.reply.test. 60 IN A 192.0.2.1
             c.reply.test. 600 IN A 192.0.2.2
             c.reply.test. 6 IN A 192.0.2.3`,
  },
  {
    name: "a CNAME leads elsewhere, and what is there is answered",
    ask: "a.alias.test. A",
    answer: `a.alias.test. 60 IN CNAME www.to.alias.test.
             www.to.alias.test. 60 IN A 192.0.2.7`,
  },
]);

test(
  "a response code is replaced where nobody answers",
  differsFromCoreDns("CoreDNS does so from 1.14 on only"),
  async () => {
    const reply = await subject.ask("down.reply.test. A");
    assert.deepEqual([reply.rcode, reply.answer], ["NXDOMAIN", []]);
  },
);

function hex(options: readonly { code: number; data: Uint8Array }[] = []): readonly string[] {
  return options.map(({ code, data }) => `${code.toString(16)}=${Buffer.from(data).toString("hex")}`).sort();
}

test("a class is replaced, and the question stays", async () => {
  const reply = await subject.ask("www.class.test. CH A");
  assert.equal(reply.question.readUInt16BE(reply.question.length - 2), 3);
  assert.deepEqual(reply.answer, ["www.class.test. 300 IN A 192.0.2.1"]);
});

test("upstream sees EDNS options, and the client those that upstream sends", async () => {
  upstream.queries.splice(0);
  const reply = await subject.ask("www.edns.test. A", { edns: {} });
  assert.deepEqual(reply.answer, ["www.edns.test. 300 IN A 192.0.2.1"]);
  assert.deepEqual(hex(upstream.queries[0]?.message.edns?.options), [
    "3=",
    "8=000118007f0000",
    `ffed=${Buffer.from("www.edns.test.").toString("hex")}`,
    "ffee=7f000001",
  ]);
  assert.deepEqual(hex(reply.opt?.options), []);
});

test("answers of the server's own carry local options", async () => {
  const options = hex((await subject.ask("www.echo.test. A", { edns: {} })).opt?.options);
  assert.deepEqual(
    options.filter(text => !text.startsWith("ffed")),
    ["ffec=61626364", "ffee=6162"],
  );
});

test(
  "answers of the server's own do not carry options that are put back",
  differsFromCoreDns("CoreDNS does so from 1.14 on only"),
  async () => {
    const options = hex((await subject.ask("www.echo.test. A", { edns: {} })).opt?.options);
    assert.deepEqual(
      options.filter(text => text.startsWith("ffed")),
      [],
    );
  },
);
