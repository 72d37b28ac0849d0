import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseZone } from "../../../src/dns/zone-text/parse-zone.ts";
import { ZoneTextError } from "../../../src/dns/zone-text/zone-text-error.ts";
import { formatRecord } from "../../support/zone-text.ts";

const origin = ["example", "org"];

function linesOf(text: string, files: Readonly<Record<string, string>> = {}): readonly string[] {
  const include = (path: string, from: string) => {
    const included = files[path];
    return included === undefined ? undefined : { file: `${from}>${path}`, text: included };
  };
  return parseZone(text, { origin, file: "zone", include }).map(
    ({ record, at }) => `${at.file}:${at.line}:${at.column} ${formatRecord(record)}`,
  );
}

suite("what an entry may leave out", () => {
  test("an owner left out is the owner before, also across directives and comments", () => {
    assert.deepEqual(linesOf("a 1 A 192.0.2.1\n\n; nothing\n$ORIGIN net.\n 1 A 192.0.2.2\n\tA 192.0.2.3"), [
      "zone:1:1 a.example.org. 1 IN A 192.0.2.1",
      "zone:5:2 a.example.org. 1 IN A 192.0.2.2",
      "zone:6:2 a.example.org. 1 IN A 192.0.2.3",
    ]);
  });

  test("a TTL left out is the last one stated, once there is a $TTL always that", () => {
    assert.deepEqual(linesOf("a 1 A 192.0.2.1\nb A 192.0.2.2\n$TTL 1m\nc 5 A 192.0.2.3\nd A 192.0.2.4"), [
      "zone:1:1 a.example.org. 1 IN A 192.0.2.1",
      "zone:2:1 b.example.org. 1 IN A 192.0.2.2",
      "zone:4:1 c.example.org. 5 IN A 192.0.2.3",
      "zone:5:1 d.example.org. 60 IN A 192.0.2.4",
    ]);
  });

  test("an origin below the origin moves relative names and @", () => {
    assert.deepEqual(linesOf("$origin sub\n@ 1 NS a\n$ORIGIN .\nb 1 NS c"), [
      "zone:2:1 sub.example.org. 1 IN NS a.sub.example.org.",
      "zone:4:1 b. 1 IN NS c.",
    ]);
  });
});

suite("$INCLUDE", () => {
  test("a file that is included changes origin and owner for itself only", () => {
    assert.deepEqual(
      linesOf("a 1 A 192.0.2.1\n$INCLUDE more sub\n A 192.0.2.3", { more: "$ORIGIN x\nb A 192.0.2.2" }),
      [
        "zone:1:1 a.example.org. 1 IN A 192.0.2.1",
        "zone>more:2:1 b.x.sub.example.org. 1 IN A 192.0.2.2",
        "zone:3:2 a.example.org. 1 IN A 192.0.2.3",
      ],
    );
  });

  test("a mistake in an included file is placed in that file", () => {
    assert.throws(() => linesOf("$INCLUDE more", { more: "\nb 1 A here" }), {
      message: 'zone>more:2:7: "here" is not an IPv4 address',
    });
  });

  test("a file that includes itself is refused", () => {
    assert.throws(() => linesOf("$INCLUDE more", { more: "$INCLUDE more" }), {
      what: "files include each other too deeply",
    });
  });
});

suite("$GENERATE", () => {
  for (const [line, ...expected] of [
    ["1-3 a$ A 192.0.2.$", "a1 A 192.0.2.1", "a2 A 192.0.2.2", "a3 A 192.0.2.3"],
    ["1-4/2 a$ NS b.", "a1 NS b.", "a3 NS b."],
    [`9-11 \${1,3,x}.\${-9} PTR $$.\\$`, "00a.0 PTR \\$.\\$", "00b.1 PTR \\$.\\$", "00c.2 PTR \\$.\\$"],
    [`10-10 \${0,0,X}-\${0,4,o} 5 CNAME x`, "A-0012 CNAME x"],
  ] as const) {
    test(`$GENERATE ${line} makes ${expected.length} records`, () => {
      const made = linesOf(`$TTL 5\n$GENERATE ${line}`).map(text =>
        text.replace(/^\S+ | 5 IN|\.example\.org\./g, ""),
      );
      assert.deepEqual(
        made.map(text => text.trim()),
        expected,
      );
    });
  }
});

suite("mistakes", () => {
  for (const [text, place, what] of [
    ["\n  A 192.0.2.1", "2:3", "no record before this one has an owner"],
    ["a A 192.0.2.1", "1:3", "no TTL is given, here or before"],
    ["$TTL soon", "1:6", '"soon" is no TTL'],
    ["$TTL", "1:1", "$TTL takes a TTL, nothing else"],
    ["$ORIGIN a b", "1:11", "$ORIGIN takes a name, nothing else"],
    ["$INCLUDE", "1:1", "$INCLUDE takes a file and perhaps an origin"],
    ["$INCLUDE nowhere", "1:10", "nowhere cannot be read"],
    ["$EVERYTHING", "1:1", "there is no directive $EVERYTHING"],
    ["$GENERATE 1-3", "1:1", "$GENERATE takes a range and a record"],
    ["$GENERATE 3-1 a A 192.0.2.$", "1:11", '"3-1" is no range'],
    ["$GENERATE 1-3/0 a A 192.0.2.$", "1:11", '"1-3/0" is no range'],
    ["$GENERATE 0-4000000000 a A 192.0.2.$", "1:11", "0-4000000000 makes over 1000000 records"],
    [`$GENERATE 1-3 \${-9} A 192.0.2.$`, "1:15", `\${-9} is no modifier for 1`],
    [`$GENERATE 1-3 \${a} A 192.0.2.$`, "1:15", `\${a} is no modifier for 1`],
    ['a 1 A 192.0.2.1\nb 1 TXT (\n "x\ny" )\nc 1 A here', "5:7", '"here" is not an IPv4 address'],
    [
      `$ORIGIN ${"a.".repeat(100)}\n${"b.".repeat(30)}c 1 A 192.0.2.1`,
      "2:1",
      `${"b.".repeat(30)}c below the origin has over 255 octets`,
    ],
  ] as const) {
    test(`${JSON.stringify(text.slice(0, 50))} is refused at ${place}`, () => {
      assert.throws(
        () => linesOf(text),
        (error: unknown) => {
          assert.ok(error instanceof ZoneTextError);
          assert.deepEqual([`${error.line}:${error.column}`, error.what], [place, what]);
          return true;
        },
      );
    });
  }
});
