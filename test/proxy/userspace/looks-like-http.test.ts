import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { looksLikeHttp } from "../../../src/proxy/userspace/looks-like-http.ts";

const cases: readonly (readonly [bytes: string, expected: boolean | undefined])[] = [
  ["GET / HTTP/1.1\r\n", true],
  ["GET / HTTP/1.0\n", true],
  ["M-SEARCH * HTTP/1.1\r\nHost: x\r\n", true],
  ["POST /a?b=c HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", true],
  ["", undefined],
  ["G", undefined],
  ["GET", undefined],
  ["GET /long", undefined],
  ["GET / HTTP/1.1", undefined],
  ["GET key\r\n", false],
  ["GET / HTTP/2.0\r\n", false],
  ["PRI * HTTP/2.0\r\n\r\n", false],
  ["get / HTTP/1.1\r\n", false],
  ["HELLO", false],
  ["PING\r\n", false],
  ["*1\r\n$4\r\nPING\r\n", false],
  ["\x16\x03\x01\x02\x00", false],
  [`GET /${"a".repeat(20_000)}`, false],
];

describe("looksLikeHttp", () => {
  for (const [bytes, expected] of cases) {
    const shown = JSON.stringify(bytes.length > 40 ? `${bytes.slice(0, 40)}…` : bytes);
    test(`${shown} is ${expected ?? "undecided"}`, () => {
      assert.equal(looksLikeHttp(Buffer.from(bytes, "latin1")), expected);
    });
  }
});
