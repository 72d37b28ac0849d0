import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  formatName,
  isSameName,
  isSubdomain,
  lowerName,
  type Name,
  parseName,
} from "../../../src/dns/wire/name.ts";

const label63 = "a".repeat(63);
/** 3 × 64 + 62 + the root: exactly 255 octets. */
const name255 = [label63, label63, label63, "b".repeat(61)].join(".");

suite("parseName", () => {
  const accepted: readonly (readonly [text: string, name: Name])[] = [
    [".", []],
    ["local", ["local"]],
    ["local.", ["local"]],
    ["Web.Shop.svc.cluster.local.", ["Web", "Shop", "svc", "cluster", "local"]],
    ["_http._tcp.web", ["_http", "_tcp", "web"]],
    ["a\\.b.c", ["a.b", "c"]],
    ["a\\.", ["a."]],
    ["a\\..", ["a."]],
    ["a\\\\b", ["a\\b"]],
    ["\\000\\255", ["\0\xff"]],
    ["\\097bc", ["abc"]],
    ["a b", ["a b"]],
    ["bücher.example", ["b\xc3\xbccher", "example"]],
    ["\\ü", ["\xc3\xbc"]],
    [label63, [label63]],
    [name255, name255.split(".")],
  ];
  for (const [text, name] of accepted) {
    test(`parseName ${text.slice(0, 40)} gives its labels`, () => assert.deepEqual(parseName(text), name));
  }

  const rejected: readonly (readonly [what: string, text: string, code: string])[] = [
    ["nothing", "", "BAD_LABEL"],
    ["two dots", "a..b", "BAD_LABEL"],
    ["two dots at the end", "a..", "BAD_LABEL"],
    ["only dots", "..", "BAD_LABEL"],
    ["a dot in front", ".a", "BAD_LABEL"],
    ["an empty label among escapes", "a\\.b..c", "BAD_LABEL"],
    ["a label of 64 octets", `${label63}a`, "BAD_LABEL"],
    ["a label of 64 octets in UTF-8", "ü".repeat(32), "BAD_LABEL"],
    ["a name of 256 octets", `${name255}b`, "NAME_TOO_LONG"],
    ["an escape above 255", "\\256", "BAD_LABEL"],
    ["an escape of two digits", "\\12", "BAD_LABEL"],
    ["an escape of two digits and a letter", "\\12a", "BAD_LABEL"],
    ["a backslash at the end", "a\\", "BAD_LABEL"],
  ];
  for (const [what, text, code] of rejected) {
    test(`parseName ${what} throws ${code}`, () =>
      assert.throws(() => parseName(text), { name: "WireError", code }));
  }
});

suite("formatName", () => {
  const table: readonly (readonly [name: Name, text: string])[] = [
    [[], "."],
    [["web", "Shop"], "web.Shop."],
    [["a.b", "c"], "a\\.b.c."],
    [["a\\b"], "a\\\\b."],
    [['"$();@'], '\\"\\$\\(\\)\\;\\@.'],
    [["\0\x1f \x7f\xff"], "\\000\\031\\032\\127\\255."],
    [["*", "_tcp", "x-1'"], "*._tcp.x-1'."],
  ];
  for (const [name, text] of table) {
    test(`formatName gives ${text}`, () => assert.equal(formatName(name), text));
  }
});

suite("letter case", () => {
  test("lowerName with capitals lowers A to Z and nothing else", () => {
    assert.deepEqual(lowerName(["WEB", "Shop", "\xc0A\xde", "[@`{Z"]), ["web", "shop", "\xc0a\xde", "[@`{z"]);
  });

  test("lowerName without capitals returns the same array", () => {
    const name = ["web", "\xc0", "local"];
    assert.equal(lowerName(name), name);
  });

  const pairs: readonly (readonly [a: string, b: string, isSame: boolean, isBelow: boolean])[] = [
    ["web.shop", "WEB.sHOP", true, true],
    ["web.shop", "shop", false, true],
    ["web.Shop.svc", "sHOP.SVC", false, true],
    ["shop", "web.shop", false, false],
    ["webshop", "shop", false, false],
    ["web\\.shop", "shop", false, false],
    ["web.shop", "web.shoq", false, false],
    ["web", ".", false, true],
    [".", ".", true, true],
    [".", "web", false, false],
    ["\\192", "\\224", false, false],
    ["@", "`", false, false],
  ];
  for (const [a, b, isSame, isBelow] of pairs) {
    test(`isSameName of ${a} and ${b} is ${isSame}`, () =>
      assert.equal(isSameName(parseName(a), parseName(b)), isSame));
    test(`isSubdomain of ${a} and ${b} is ${isBelow}`, () =>
      assert.equal(isSubdomain(parseName(a), parseName(b)), isBelow));
  }
});
