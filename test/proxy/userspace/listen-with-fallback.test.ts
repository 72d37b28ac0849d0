import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { listenWithFallback } from "../../../src/proxy/userspace/listen-with-fallback.ts";

/** Listens on nothing; `failures` says which ports fail and how. */
async function listening(
  port: number,
  failures: Readonly<Record<number, string>>,
  protocol: "TCP" | "UDP" = "TCP",
) {
  const tried: number[] = [];
  const result = await listenWithFallback("127.96.0.1", port, protocol, async p => {
    tried.push(p);
    const code = failures[p];
    if (code !== undefined) throw Object.assign(new Error(`listen ${code}`), { code });
  });
  return { ...result, tried };
}

describe("listenWithFallback", () => {
  test("port that can be had is the one listened on", async () => {
    assert.deepEqual(await listening(80, {}), { state: "listening", port: 80, note: "", tried: [80] });
  });

  test("port that needs privilege is replaced by port + 10000", async () => {
    const { state, tried, ...rest } = await listening(80, { 80: "EACCES" });
    assert.deepEqual([state, tried], ["listening", [80, 10080]]);
    assert.deepEqual(rest, { port: 10080, note: "port 80 needs privilege: served on 10080" });
  });

  test("replacement that is in use is a failure that names both ports", async () => {
    const { state, note } = await listening(80, { 80: "EACCES", 10080: "EADDRINUSE" });
    assert.equal(state, "failed");
    assert.equal(
      note,
      "port 80 needs privilege, and 127.96.0.1 port 10080 is in use: stop what listens there (ss -ltnp 'sport = :10080' names it)",
    );
  });

  test("replacement above 65535 is a failure without a second attempt", async () => {
    const { state, tried, note } = await listening(60_000, { 60000: "EACCES" });
    assert.deepEqual([state, tried], ["failed", [60_000]]);
    assert.equal(note, "port 60000 needs privilege, and there is no port 70000");
  });

  test("port in use is a failure that says what to do", async () => {
    const { state, note } = await listening(5353, { 5353: "EADDRINUSE" }, "UDP");
    assert.equal(state, "failed");
    assert.match(
      note,
      /127\.96\.0\.1 port 5353 is in use: stop what listens there \(ss -lunp 'sport = :5353'/,
    );
  });

  test("address of another machine is a failure that says so", async () => {
    const { note } = await listening(8080, { 8080: "EADDRNOTAVAIL" });
    assert.equal(
      note,
      "not reachable: 127.96.0.1 is not an address of this machine (ip addr add 127.96.0.1/32 dev lo)",
    );
  });

  test("any other error of the system is a failure with its code", async () => {
    assert.equal(
      (await listening(8080, { 8080: "EMFILE" })).note,
      "cannot listen on 127.96.0.1 port 8080: EMFILE",
    );
  });

  test("error that is not the system's is thrown", async () => {
    const faulty = listenWithFallback("127.96.0.1", 80, "TCP", () => Promise.reject(new TypeError("fault")));
    await assert.rejects(faulty, TypeError);
  });
});
