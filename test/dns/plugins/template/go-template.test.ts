/** What Go's text/template makes of the same text and data; expectations were taken from it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileTemplate } from "../../../../src/dns/plugins/template/go-template/go-template.ts";
import { TemplateError } from "../../../../src/dns/plugins/template/go-template/template-error.ts";
import { Struct } from "../../../../src/dns/plugins/template/go-template/value.ts";

const question = new Struct({ Name: () => "Ip-10-1-2-3.Example.", Qtype: () => 1n });
const data = new Struct({
  Name: () => "ip-10-1-2-3.example.",
  Match: () => ["ip-10-1-2-3", "10", "1", "2", "3"],
  Group: () => new Map(Object.entries({ 0: "ip-10-1-2-3", 1: "10", a: "10", b: "1", e: "" })),
  Type: () => "A",
  Question: () => question,
  Message: () => new Struct({ Question: () => [question] }),
  Meta: () => label => (label === "k/v" ? "seen" : ""),
});

for (const [text, expected] of [
  ["plain }} text", "plain }} text"],
  ["{{.Name}} 60 IN A {{ .Group.a }}.{{ index .Match 2 }}", "ip-10-1-2-3.example. 60 IN A 10.1"],
  ["{{ .Group.none }}|{{ index .Group `none` }}|{{ print .Group.none }}", "<no value>||<nil>"],
  ["{{ .Match }} {{ .Group }}", "[ip-10-1-2-3 10 1 2 3] map[0:ip-10-1-2-3 1:10 a:10 b:1 e:]"],
  ["{{ len .Match }} {{ len .Name }} {{ len `é` }}", "5 20 2"],
  ["{{ .Question.Name }} {{ (index .Message.Question 0).Qtype }}", "Ip-10-1-2-3.Example. 1"],
  // Conditions.
  ["{{ if .Group.e }}a{{ else }}b{{ end }}{{ if .Match }}c{{ end }}", "bc"],
  ['{{ if eq .Type "AAAA" }}6{{ else if eq .Type "MX" "A" }}4{{ else }}?{{ end }}', "4"],
  ["{{ with .Group.e }}x{{ else with .Name }}{{ . }}{{ $.Type }}{{ end }}", "ip-10-1-2-3.example.A"],
  ['{{ if (and (eq .Type "A") (gt (len .Match) 3)) }}ok{{ end }}', "ok"],
  [
    "{{ and 1 0 }} {{ or 0 5 }} {{ not 0 }} {{ or .Name (index .Match 99) }}",
    "0 5 true ip-10-1-2-3.example.",
  ],
  [
    "{{ eq 1 2 1 }} {{ ne 1 2 }} {{ lt `a` `b` }} {{ le 2 2 }} {{ gt 1.5 1.25 }} {{ ge 1 2 }}",
    "true true true true true false",
  ],
  ["{{ eq .Group.none nil }} {{ eq .Group.none `x` }} {{ eq .Question.Qtype 1 }}", "true false true"],
  // Loops.
  ["{{ range $i, $m := .Match }}{{ $i }}={{ $m }} {{ end }}", "0=ip-10-1-2-3 1=10 2=1 3=2 4=3 "],
  ["{{ range $k, $v := .Group }}{{ $k }}={{ $v }},{{ end }}", "0=ip-10-1-2-3,1=10,a=10,b=1,e=,"],
  [
    "{{ range .Match }}{{ if eq . `1` }}{{ continue }}{{ end }}{{ if eq . `3` }}{{ break }}{{ end }}{{ . }} {{ end }}",
    "ip-10-1-2-3 10 2 ",
  ],
  ["{{ range 3 }}{{ . }}{{ end }}{{ range .Group.none }}x{{ else }}none{{ end }}", "012none"],
  ["{{ range .Message.Question }}{{ .Name }}{{ end }}", "Ip-10-1-2-3.Example."],
  // Variables.
  ["{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}", "32"],
  ["{{ $x := 1 }}{{ range $x = .Match }}{{ end }}{{ $x }}", "3"],
  ["{{ with $x := .Group }}{{ $x.a }}{{ end }}", "10"],
  // Functions.
  [
    '{{ printf "%s-%03d|%-5s|%5s|%x|%X|%o|%b|%c|%t|%v|%%" .Type 7 "ab" "cd" 255 "hi" 8 5 97 true .Match }}',
    "A-007|ab   |   cd|ff|6869|10|101|a|true|[ip-10-1-2-3 10 1 2 3]|%",
  ],
  [
    '{{ printf "%+d % d %#x %08.3f %.1f %.2s %q" 5 5 255 3.14159 2.25 "hello" "a\\"b" }}',
    '+5  5 0xff 0003.142 2.3 he "a\\"b"',
  ],
  [
    '{{ parseInt .Group.a 10 8 | printf "%02x" }} {{ parseInt "fF" 16 8 }} {{ parseInt "0x1_f" 0 0 }} {{ parseInt "017" 0 64 }}',
    "0a 255 31 15",
  ],
  ['{{ print 1 2 "a" "b" 3 4 true }}{{ println 1 "a" }}', "1 2ab3 4 true1 a\n"],
  [
    "{{ slice .Name 0 2 }} {{ slice .Name 12 }} {{ slice .Match 1 3 }} {{ index .Name 0 }}",
    "ip example. [10 1] 105",
  ],
  [
    `{{ html "<a href='x'>&" }} {{ js "it's <" }} {{ urlquery "a b/c(é)" }}`,
    "&lt;a href=&#39;x&#39;&gt;&amp; it\\'s \\u003C a+b%2Fc%28%C3%A9%29",
  ],
  ['{{ .Meta "k/v" }}{{ "k/v" | .Meta }}{{ if .Meta "none" }}x{{ end }}', "seenseen"],
  ['{{ .Name | printf "%s%s" "a" | len }}', "21"],
  // Constants.
  [
    "{{ 0x1F }} {{ 0b11 }} {{ 017 }} {{ 1_000 }} {{ 'a' }} {{ -5 }} {{ .5 }} {{ 1e6 }} {{ 1e3 }}",
    "31 3 15 1000 97 -5 0.5 1e+06 1000",
  ],
  ['{{ "a\\tb\\x41\\u00e9" }}{{ `raw\\n` }}', "a\tbAéraw\\n"],
  // Blanks and comments.
  ["a {{- .Type -}} b {{- /* c */ -}} d{{/* e */}}f {{ 3 -}}  x", "aAbdf 3x"],
  ["{{\n .Type\n}}", "A"],
] as const) {
  test(`${JSON.stringify(text)} gives ${JSON.stringify(expected)}`, () => {
    assert.equal(compileTemplate(text).run(data), expected);
  });
}

function kindOf(work: () => unknown): string {
  try {
    work();
    return "none";
  } catch (error) {
    return error instanceof TemplateError ? error.kind : String(error);
  }
}

for (const text of [
  "{{",
  "{{ }}",
  "{{ .Name",
  "{{ .Name } }",
  "{{ end }}",
  "{{ else }}",
  "{{ if }}x{{ end }}",
  "{{ if .Name }}x",
  "{{ if .Name }}x{{ else }}y",
  "{{ if .Name }}{{ else }}{{ else }}{{ end }}",
  "{{ if .Name }}{{ end x }}",
  "{{ break }}",
  "{{ notAFunction }}",
  "{{ $x }}",
  "{{ if true }}{{ $y := 1 }}{{ end }}{{ $y }}",
  "{{ (.Name }}",
  "{{ .Name) }}",
  "{{ .Name | . }}",
  "{{ 1 | 2 }}",
  '{{ .Name"x" }}',
  '{{ "open }}',
  "{{ 'ab' }}",
  "{{ 09 }}",
  "{{ 1x }}",
  '{{ "\\q" }}',
  "{{ @ }}",
  "{{/* open }}",
  "a {{ /* not alone */ }} b",
  "{{ .a.b. }}",
]) {
  test(`${text} is no template`, () => {
    assert.equal(
      kindOf(() => compileTemplate(text)),
      "syntax",
    );
  });
}

for (const text of [
  "{{ index .Match 9 }}",
  "{{ index .Match -1 }}",
  "{{ .Nope }}",
  "{{ .Name.x }}",
  '{{ .Name "x" }}',
  "{{ .Meta }}",
  "{{ .Meta 5 }}",
  "{{ nil }}",
  '{{ eq 1 "1" }}',
  "{{ eq .Match .Match }}",
  "{{ lt true false }}",
  "{{ len 3 }}",
  "{{ slice .Name 5 2 }}",
  "{{ slice .Name 0 99 }}",
  '{{ parseInt "gg" 16 8 }}',
  '{{ parseInt "256" 10 8 }}',
  '{{ parseInt "-1" 10 8 }}',
  '{{ parseInt "1_0" 10 8 }}',
  "{{ parseInt .Group.none 10 8 }}",
  "{{ parseInt }}",
  "{{ range .Name }}{{ end }}",
  "{{ range $i, $e := 3 }}{{ end }}",
]) {
  test(`${text} fails when it is run`, () => {
    const template = compileTemplate(text);
    assert.equal(
      kindOf(() => template.run(data)),
      "failure",
    );
  });
}

for (const text of ['{{ template "x" }}', '{{ define "x" }}a{{ end }}', "{{ 1i }}", "{{ call .Meta }}"]) {
  test(`${text} is not offered`, () => {
    assert.equal(
      kindOf(() => compileTemplate(text)),
      "not-offered",
    );
  });
}

test("a loop that a client could make endless ends", { timeout: 2_000 }, () => {
  for (const text of ["{{ range 1000000000 }}{{ end }}", "{{ range 9000 }}0123456789{{ end }}"]) {
    assert.equal(
      kindOf(() => compileTemplate(text).run(data)),
      "failure",
    );
  }
});

test("whatever is written between braces is a template or a TemplateError", () => {
  const word = fc.constantFrom(
    ".",
    ".Name",
    "$",
    "$x",
    ":=",
    "=",
    "(",
    ")",
    "|",
    '"a"',
    "1",
    "-",
    ",",
    "nil",
    "if",
    "range",
    "end",
    "else",
    "with",
    "len",
    "index",
    "eq",
    "printf",
    "{{",
    "}}",
    "/*",
    "'a'",
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), words => {
      const text = `{{ ${words.join(" ")} }}{{ end }}`;
      const kind = kindOf(() => compileTemplate(text).run(data));
      assert.ok(["none", "syntax", "failure", "not-offered"].includes(kind), `${text}: ${kind}`);
    }),
  );
});
