import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCorefile } from "../../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../../src/dns/corefile/plan.ts";
import { Struct } from "../../../../src/dns/plugins/template/go-template/value.ts";
import type { TemplateConfig } from "../../../../src/dns/plugins/template/template.ts";
import { template } from "../../../../src/dns/plugins/template/template.ts";
import { findingsOf } from "../rig.ts";

/** A stanza behind ` template `, and what is found, or nothing where CoreDNS starts and all is well. */
for (const [stanza, expected] of [
  ["", ["2:2 COREFILE_ARGUMENTS"]],
  ["ANY", ["2:2 COREFILE_ARGUMENTS"]],
  ["X ANY", ["2:11 COREFILE_VALUE"]],
  ["in A", ["2:11 COREFILE_VALUE"]],
  ["IN a", ["2:14 COREFILE_VALUE"]],
  ["IN A a..b", ["2:16 COREFILE_VALUE"]],
  ["IN A {\n notavailable\n}", ["3:2 COREFILE_UNKNOWN_OPTION"]],
  ["IN A {\n match\n}", ["3:2 COREFILE_ARGUMENTS"]],
  ["IN A {\n match a (b\n}", ["3:10 COREFILE_VALUE"]],
  [
    "IN A {\n answer\n additional\n authority\n}",
    ["3:2 COREFILE_ARGUMENTS", "4:2 COREFILE_ARGUMENTS", "5:2 COREFILE_ARGUMENTS"],
  ],
  ['IN A {\n answer "{{"\n additional "{{ nope }}"\n}', ["3:9 COREFILE_VALUE", "4:13 COREFILE_VALUE"]],
  ["IN A {\n rcode\n}", ["3:2 COREFILE_ARGUMENTS"]],
  ["IN A {\n rcode UNDEFINED\n}", ["3:8 COREFILE_VALUE"]],
  ["IN A {\n rcode nxdomain\n}", ["3:8 COREFILE_VALUE"]],
  ["IN A {\n rcode NXDOMAIN REFUSED\n}", ["3:17 COREFILE_ARGUMENTS"]],
  ["IN A {\n ederror\n}", ["3:2 COREFILE_ARGUMENTS"]],
  ["IN A {\n ederror invalid text\n}", ["3:10 COREFILE_VALUE"]],
  ["IN A {\n ederror 65536\n}", ["3:10 COREFILE_VALUE"]],
  ["IN A {\n ederror 1 two three\n}", ["3:16 COREFILE_ARGUMENTS"]],
  ["IN A {\n fallthrough a..b\n}", ["3:14 COREFILE_VALUE"]],
  // CoreDNS starts with these, and SERVFAIL is all they make.
  ['IN A {\n match (?P<a>x)\n answer "{{ .Name }} A {{ .Group.b }}"\n}', ["4:9 COREFILE_RISKY"]],
  ['IN A {\n answer "{{ .Name }} A {{ .Grup.a }}"\n}', ["3:9 COREFILE_RISKY"]],
  ['IN A {\n answer "{{ .Name.x }}"\n}', ["3:9 COREFILE_RISKY"]],
  ['IN A {\n answer "{{ parseInt }}"\n}', ["3:9 COREFILE_RISKY"]],
  ['IN A {\n answer "{{ print not }}"\n}', ["3:9 COREFILE_RISKY"]],
  ['IN A {\n answer "{{ print .Meta }}"\n}', ["3:9 COREFILE_RISKY"]],
  ['IN A {\n answer "{{ $x = 5 }}"\n}', ["3:9 COREFILE_RISKY"]],
  ['IN A {\n answer "test. 5 IN A 10.0.0"\n}', ["3:9 COREFILE_RISKY"]],
  // What this server cannot do.
  ['IN A {\n answer "{{ .Message.Extra }}"\n}', ["3:9 COREFILE_NOT_OFFERED"]],
  ['IN A {\n answer "{{ .Question }}"\n}', ["3:9 COREFILE_NOT_OFFERED"]],
  ['IN A {\n answer "{{ printf `%T` 1 }}"\n}', ["3:9 COREFILE_NOT_OFFERED"]],
  ['IN A {\n answer "{{ template `x` }}"\n}', ["3:9 COREFILE_NOT_OFFERED"]],
  [
    'IN A {\n var x type()\n expr x == 1\n answer "{{ .Var.x }}"\n}',
    ["3:2 COREFILE_NOT_OFFERED", "4:2 COREFILE_NOT_OFFERED"],
  ],
  ["IN A {\n upstream\n}", ["3:2 COREFILE_NO_EFFECT"]],
  // What is fine.
  ["ANY ANY", []],
  ["ANY NSAP-PTR {\n\n}", []],
  ["CS ANY test {\n rcode NOTIMPL\n}", []],
  ['IN A {\n match (a)|(?P<b>c)\n answer "{{ with .Group }}{{ .b }}{{ end }}{{ .Group.b }}"\n}', []],
  [
    'IN A {\n answer "{{ range .Message.Question }}{{ .Name }}{{ end }}" "{{ $x := .Match }}{{ $x.y }}"\n}',
    [],
  ],
  ['IN SOA {\n authority "x. 60 IN SOA ns.x. hostmaster.x. (1 60 60 60 60)"\n}', []],
] as const) {
  test(`template ${stanza.replaceAll("\n", ";")} is ${expected.join(", ") || "fine"}`, () => {
    assert.deepEqual(findingsOf(`. {\n template ${stanza}\n}`, [template]), expected);
  });
}

test("a template that is not offered is left out, those beside it are not", () => {
  const text = ". {\n template IN A {\n expr true\n }\n template IN AAAA {\n }\n}";
  assert.deepEqual(explain(text), [
    "Answers AAAA queries of class IN for names in . with NOERROR and no records.",
  ]);
});

test("templates are explained", () => {
  const text = `. {
    template ANY ANY invalid a.test {
      match ^a ^b
      rcode NXDOMAIN
      authority "{{ .Zone }} 60 IN SOA ns. admin. 1 2 3 4 5"
    }
}`;
  assert.deepEqual(explain(text), [
    "Answers queries for names in invalid., a.test. that match ^a or ^b with NXDOMAIN and a record made for them.",
  ]);
});

function entryOf(text: string) {
  const files = { read: () => undefined, glob: () => [] };
  const blocks = parseCorefile({ file: "Corefile", text, files, environment: {} });
  return planCorefile(blocks, { plugins: [template], others: {} }).blocks[0]?.entries[0];
}

function explain(text: string): readonly string[] {
  const entry = entryOf(text);
  return entry?.plugin.explain(entry.config) ?? [];
}

test("a template with a mistake in one branch works on the others", () => {
  const text =
    '. {\n template IN A {\n answer "{{ .Name }} A {{ if .Group.x }}{{ .Nope }}{{ end }}10.0.0.1"\n }\n}';
  const config = entryOf(text)?.config as TemplateConfig | undefined;
  const stanza = config?.stanzas[0];
  const data = new Struct({ Name: () => "x.", Group: () => new Map() });
  assert.deepEqual(stanza?.templates.answer[0]?.makeRecord(data).data, { type: "A", address: "10.0.0.1" });
});
