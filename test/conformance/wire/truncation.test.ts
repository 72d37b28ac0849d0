/** Size limits: 512 octets or what EDNS offers over UDP, 65535 over TCP; TC whenever anything was cut. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointSlice, namespace, type RawObject, service } from "../../support/cluster-fixtures.ts";
import type { Reply } from "../../support/dns-client-reply.ts";
import { useCluster } from "../conformance-case.ts";

/** More than fit into 64 KiB at sixteen octets each. */
const hugeCount = 4_500;
const counts = [4, 7, 9, 12, 20, 28, 60, 120, 300, hugeCount];

describe("truncation", () => {
  const cluster = useCluster({ objects: [namespace("shop"), ...counts.flatMap(headlessOf)] });
  const nameOf = (count: number) => `of-${count}.shop.svc.cluster.local.`;

  test("twenty addresses fit into 512 octets without EDNS", async () => {
    const reply = await cluster.ask(`${nameOf(20)} A`);
    assert.equal(reply.answer.length, 20);
    assert.equal(reply.isTruncated, false);
  });

  test("sixty addresses without EDNS are cut, marked, and complete over TCP", async () => {
    const cut = await cluster.ask(`${nameOf(60)} A`);
    assert.equal(cut.isTruncated, true);
    assert.ok(cut.bytes.length <= 512);
    const whole = await cluster.ask(`${nameOf(60)} A`, {}, "tcp");
    assert.equal(whole.isTruncated, false);
    assert.equal(new Set(whole.answer).size, 60);
    assertPartOf(cut, whole);
  });

  for (const udpSizeBytes of [64, 512, 1232, 4096]) {
    test(`replies to EDNS size ${udpSizeBytes} stay within it and say what they lack`, async () => {
      const limit = Math.max(512, udpSizeBytes);
      for (const count of counts.filter(count => count !== hugeCount)) {
        for (const question of [`${nameOf(count)} A`, `_http._tcp.${nameOf(count)} SRV`]) {
          const reply = await cluster.ask(question, { edns: { udpSizeBytes } });
          const whole = await cluster.ask(question, { edns: { udpSizeBytes } }, "tcp");
          assert.ok(reply.bytes.length <= limit, `${question}: ${reply.bytes.length} octets`);
          assert.ok(reply.opt !== undefined, `${question}: the OPT record was cut`);
          assert.equal(whole.isTruncated, false);
          assertPartOf(reply, whole);
        }
      }
    });
  }

  test("replies without EDNS stay within 512 octets and say what they lack", async () => {
    for (const count of counts.filter(count => count !== hugeCount)) {
      for (const question of [`${nameOf(count)} A`, `_http._tcp.${nameOf(count)} SRV`]) {
        const reply = await cluster.ask(question);
        assert.ok(reply.bytes.length <= 512, `${question}: ${reply.bytes.length} octets`);
        assertPartOf(reply, await cluster.ask(question, {}, "tcp"));
      }
    }
  });

  test("EDNS size 4096 carries 120 addresses whole", async () => {
    const reply = await cluster.ask(`${nameOf(120)} A`, { edns: { udpSizeBytes: 4096 } });
    assert.equal(reply.answer.length, 120);
    assert.equal(reply.isTruncated, false);
  });

  test("addresses beyond 65535 octets are cut and marked even over TCP", async () => {
    const reply = await cluster.ask(`${nameOf(hugeCount)} A`, {}, "tcp");
    assert.equal(reply.isTruncated, true);
    assert.ok(reply.answer.length > 3_000 && reply.answer.length < hugeCount);
  });
});

/** `reply` holds records of `whole` only, drops the additional section first, and has TC set exactly when some are missing. */
function assertPartOf(reply: Reply, whole: Reply): void {
  for (const section of ["answer", "authority", "additional"] as const) {
    const known = new Set(whole[section]);
    assert.deepEqual(
      reply[section].filter(line => !known.has(line)),
      [],
    );
    assert.equal(new Set(reply[section]).size, reply[section].length);
  }
  const isAnswerCut = reply.answer.length < whole.answer.length;
  const isAdditionalCut = reply.additional.length < whole.additional.length;
  assert.equal(reply.isTruncated, isAnswerCut || isAdditionalCut, "TC");
  if (isAnswerCut) assert.deepEqual(reply.additional, []);
}

/** Slices of a hundred endpoints, as the slice controller writes them. */
function headlessOf(count: number): RawObject[] {
  const name = `of-${count}`;
  const block = counts.indexOf(count) * 20;
  const addresses = Array.from(
    { length: count },
    (_, index) => `10.${100 + (index >> 16)}.${block + (index >> 8)}.${index & 0xff}`,
  );
  const slices = Array.from({ length: Math.ceil(count / 100) }, (_, index) =>
    endpointSlice("shop", name, {
      suffix: `s${index}`,
      ports: ["http 80"],
      endpoints: addresses.slice(index * 100, (index + 1) * 100),
    }),
  );
  return [service("shop", name, { clusterIPs: ["None"], ports: ["http 80"] }), ...slices];
}
