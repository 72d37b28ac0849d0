import assert from "node:assert/strict";
import { test } from "node:test";
import { Reading } from "../../../src/dns/corefile/reading.ts";
import { readServerKey } from "../../../src/dns/corefile/server-key.ts";
import { formatName } from "../../../src/dns/wire/name.ts";

function readKey(text: string): { keys: string[]; codes: string[] } {
  const reading = new Reading();
  const keys = readServerKey({ text, at: { file: "Corefile", line: 1, column: 1 } }, reading);
  return {
    keys: keys.map(({ scheme, zone, port }) => `${scheme} ${formatName(zone)} ${port ?? "-"}`),
    codes: reading.findings.map(({ code }) => code),
  };
}

const served: readonly (readonly [key: string, ...served: string[]])[] = [
  [".", "dns . -"],
  [".:53", "dns . 53"],
  ["Example.ORG", "dns example.org. -"],
  ["example.org.:1053", "dns example.org. 1053"],
  ["dns://example.org", "dns example.org. -"],
  ["tls://example.org:8853", "tls example.org. 8853"],
  ["https://.", "https . -"],
  [".:0", "dns . 0"],
  ["a.org:+053", "dns a.org. 53"],
  ["10.0.0.0/8", "dns 10.in-addr.arpa. -"],
  ["10.1.2.3/16:1053", "dns 1.10.in-addr.arpa. 1053"],
  ["10.0.0.0/15", "dns 0.10.in-addr.arpa. -", "dns 1.10.in-addr.arpa. -"],
  ["10.1.2.3/32", "dns 3.2.1.10.in-addr.arpa. -"],
  ["0.0.0.0/0", "dns in-addr.arpa. -"],
  ["2001:db8::/32", "dns 8.b.d.0.1.0.0.2.ip6.arpa. -"],
  ["fd00::/7:53", "dns c.f.ip6.arpa. 53", "dns d.f.ip6.arpa. 53"],
];

for (const [key, ...keys] of served) {
  test(`key ${key} serves ${keys.join(", ")}`, () => {
    assert.deepEqual(readKey(key), { keys, codes: [] });
  });
}

const odd: readonly (readonly [key: string, zone: string])[] = [
  ["udp://a.org", "udp://a.org."],
  ["10.0.0.0/33", "10.0.0.0/33."],
  ["a.org:dns", "a.org:dns."],
  ["a.org,b.org", "a.org,b.org."],
  ["a.org{", "a.org{."],
];

for (const [key, zone] of odd) {
  test(`key ${key} serves a zone of that name, with a warning`, () => {
    assert.deepEqual(readKey(key), { keys: [`dns ${zone} -`], codes: ["COREFILE_RISKY"] });
  });
}

for (const key of [
  "",
  ":53",
  "dns://",
  "a..b",
  ".a.org",
  "a.org:",
  "a.org:65536",
  "a.org:-1",
  "::/0",
  "0::/8",
  `${"a".repeat(64)}.org`,
]) {
  test(`key "${key.slice(0, 20)}" is refused`, () => {
    assert.deepEqual(readKey(key), { keys: [], codes: ["COREFILE_KEY"] });
  });
}

for (const key of ["quic://.", "grpc://a.org:443", "https3://.", "unix:///tmp/dns"]) {
  test(`key ${key} is left out with a warning`, () => {
    assert.deepEqual(readKey(key), { keys: [], codes: ["COREFILE_NOT_OFFERED"] });
  });
}
