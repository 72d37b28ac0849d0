import assert from "node:assert/strict";
import { test } from "node:test";
import { rcodeName } from "../../../src/dns/wire/message.ts";
import { typeName } from "../../../src/dns/wire/record.ts";

test("typeName of a known type is its mnemonic", () => {
  assert.deepEqual([1, 28, 33, 41, 65, 255].map(typeName), ["A", "AAAA", "SRV", "OPT", "HTTPS", "ANY"]);
});

test("typeName of another type has its number", () => {
  assert.deepEqual([0, 65280].map(typeName), ["TYPE0", "TYPE65280"]);
});

test("rcodeName of a known code is its mnemonic", () => {
  assert.deepEqual([0, 3, 16].map(rcodeName), ["NOERROR", "NXDOMAIN", "BADVERS"]);
});

test("rcodeName of another code has its number", () => {
  assert.deepEqual([12, 4095].map(rcodeName), ["RCODE12", "RCODE4095"]);
});
