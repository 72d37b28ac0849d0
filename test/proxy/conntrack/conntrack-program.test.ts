import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ConntrackMissingError, conntrackProgram } from "../../../src/proxy/conntrack/conntrack-program.ts";

const never = new AbortController().signal;
const flow = { destination: "10.96.0.10", destinationPort: 53, backend: "10.244.0.9", backendPort: 5353 };

/** A program that keeps its arguments, and then runs this shell script. */
async function programThat(t: TestContext, script: string) {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-conntrack-"));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "conntrack");
  await writeFile(path, `#!/bin/sh\necho "$@" > ${directory}/args\n${script}\n`, { mode: 0o755 });
  const args = async () => (await readFile(join(directory, "args"), "utf8")).trim();
  return { table: conntrackProgram(path), args };
}

test("conntrackProgram list gives the entries of many lines, wherever the pipe cuts them", async t => {
  const line =
    "ipv4 2 udp 17 9 src=10.0.0.1 dst=10.96.0.10 sport=1 dport=53 src=10.244.0.9 dst=10.0.0.1 sport=5353 dport=1 use=1";
  const { table, args } = await programThat(t, `yes '${line}' | head -n 20000`);
  let count = 0;
  for await (const found of table.list("IPv4", never)) {
    count++;
    assert.deepEqual(found, flow);
  }
  assert.equal(count, 20000);
  assert.equal(await args(), "-L -p udp -f ipv4 -o extended");
});

test("conntrackProgram list that fails rejects with what the program says", async t => {
  const refused = "conntrack v1.4.7 (conntrack-tools): Operation failed: sorry, you must be root";
  const { table } = await programThat(t, `echo '${refused}' >&2; exit 1`);
  await assert.rejects(Array.fromAsync(table.list("IPv6", never)), {
    message: "Operation failed: sorry, you must be root",
  });
});

test("conntrackProgram list whose reader stops ends the program", async t => {
  const { table } = await programThat(t, "exec yes 'no entry at all'");
  const closing = new AbortController();
  const listing = Array.fromAsync(table.list("IPv4", closing.signal));
  setImmediate(() => closing.abort());
  await assert.rejects(listing, { name: "AbortError" });
});

test("conntrackProgram delete names the flow and gives the number of entries", async t => {
  const { table, args } = await programThat(t, "echo '3 flow entries have been deleted.' >&2");
  assert.equal(await table.delete("IPv6", flow, never), 3);
  assert.equal(
    await args(),
    "-D -p udp -f ipv6 --orig-dst 10.96.0.10 --orig-port-dst 53 --reply-src 10.244.0.9 --reply-port-src 5353",
  );
});

test("conntrackProgram delete of what has expired meanwhile is no failure", async t => {
  const { table } = await programThat(t, "echo '0 flow entries have been deleted.' >&2; exit 1");
  assert.equal(await table.delete("IPv4", flow, never), 0);
});

test("conntrackProgram delete that fails rejects with what the program says", async t => {
  const { table } = await programThat(t, "echo 'conntrack v1.4.7 (conntrack-tools): no' >&2; exit 2");
  await assert.rejects(table.delete("IPv4", flow, never), { message: "no" });
});

test("conntrackProgram that is not installed rejects with ConntrackMissingError", async () => {
  const table = conntrackProgram("/nowhere/conntrack");
  await assert.rejects(Array.fromAsync(table.list("IPv4", never)), ConntrackMissingError);
  await assert.rejects(table.delete("IPv4", flow, never), ConntrackMissingError);
});
