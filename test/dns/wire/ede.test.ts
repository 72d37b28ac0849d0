import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  extendedErrorOption,
  infoCodePurpose,
  infoCodes,
  parseExtendedError,
} from "../../../src/dns/wire/ede.ts";

suite("extended errors", () => {
  test("infoCodes covers 0 to 24", () =>
    assert.deepEqual(
      Object.values(infoCodes),
      Array.from({ length: 25 }, (_, code) => code),
    ));

  test("infoCodePurpose of a registered code is its purpose", () =>
    assert.equal(infoCodePurpose(14), "Not Ready"));
  test("infoCodePurpose of another code is undefined", () => assert.equal(infoCodePurpose(65535), undefined));

  test("extendedErrorOption writes info-code and UTF-8", () => {
    const option = extendedErrorOption(infoCodes.Blocked, "nö");
    assert.equal(option.code, 15);
    assert.equal(Buffer.from(option.data).toString("hex"), "000f6ec3b6");
  });

  for (const infoCode of [-1, 65536, 0.5]) {
    test(`extendedErrorOption of info-code ${infoCode} throws OUT_OF_RANGE`, () =>
      assert.throws(() => extendedErrorOption(infoCode, ""), { name: "WireError", code: "OUT_OF_RANGE" }));
  }

  const table: readonly (readonly [what: string, hex: string, infoCode: number, text: string])[] = [
    ["a code alone", "0003", 3, ""],
    ["a code and text", "ffff6ec3b6", 65535, "nö"],
    ["a NUL at the end", "00006f6b00", 0, "ok"],
    ["octets that are no UTF-8", "0000ff6f", 0, "\ufffdo"],
  ];
  for (const [what, hex, infoCode, text] of table) {
    test(`parseExtendedError of ${what} gives both`, () =>
      assert.deepEqual(parseExtendedError({ code: 15, data: Buffer.from(hex, "hex") }), { infoCode, text }));
  }

  test("parseExtendedError of another option or too few octets gives undefined", () => {
    assert.equal(parseExtendedError({ code: 10, data: new Uint8Array(8) }), undefined);
    assert.equal(parseExtendedError({ code: 15, data: new Uint8Array(1) }), undefined);
  });
});
