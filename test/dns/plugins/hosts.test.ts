import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { hosts } from "../../../src/dns/plugins/hosts/hosts.ts";
import { PluginStartError } from "../../../src/dns/plugins/plugin.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import { parseZoneText } from "../../support/parse-zone-text.ts";
import { until } from "../../support/until.ts";
import { type Answer, type Rig, startRig } from "./rig.ts";

const passed = parseZoneText("next. 5 IN TXT passed");
let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "frontdesk-hosts-"));
});
after(() => rm(directory, { recursive: true }));

let fileCount = 0;

async function fileOf(text: string): Promise<string> {
  fileCount += 1;
  const path = join(directory, `hosts-${fileCount}`);
  await writeFile(path, text);
  return path;
}

function startHosts(directive: string, zones = "."): Promise<Rig> {
  const upstream = (query: Parameters<Rig["chain"]["handle"]>[0]) =>
    replyTo(query.message, { plugin: "next", answers: passed });
  return startRig(`${zones} {\n ${directive}\n}`, { plugins: [hosts], upstream });
}

/** What a question brings: records, `next` from the plugin behind, `nothing`, or the code of a failure. */
async function ask(rig: Rig, question: string): Promise<string> {
  const reply: Answer = await rig.ask(question);
  if (reply.outcome.kind !== "reply") return reply.rcode;
  if (reply.outcome.plugin === "next") return "next";
  assert.deepEqual([reply.rcode, reply.authorities, reply.additionals], ["NOERROR", [], []]);
  return reply.answers.join("\n") || "nothing";
}

test("names of the file are answered in the client's letter case, all addresses of the family", async () => {
  const file = await fileOf(
    [
      "# comment",
      "192.0.2.1 Web.example.org web # both names",
      "192.0.2.2\tweb.example.org",
      "fe80::1%eth0 six.example.org web.example.org",
      "::ffff:192.0.2.3 mapped",
      "no-address nonsense",
      "192.0.2.4",
      "192.0.2.5 exa..mple good.example.org",
    ].join("\r\n"),
  );
  const rig = await startHosts(`hosts ${file}`);
  const answers = "WEB.example.org. 3600 IN A 192.0.2.1\nWEB.example.org. 3600 IN A 192.0.2.2";
  assert.equal(await ask(rig, "WEB.example.org. A"), answers);
  assert.equal(await ask(rig, "web. A"), "web. 3600 IN A 192.0.2.1");
  assert.equal(await ask(rig, "web.example.org. AAAA"), "web.example.org. 3600 IN AAAA fe80::1");
  assert.equal(await ask(rig, "mapped. A"), "mapped. 3600 IN A 192.0.2.3");
  assert.equal(await ask(rig, "good.example.org. A"), "good.example.org. 3600 IN A 192.0.2.5");
  await rig.close();
});

test("a name without an address of the asked family is answered with nothing, and why", async () => {
  const rig = await startHosts(`hosts ${await fileOf("192.0.2.1 web")} {\n fallthrough\n}`);
  for (const [type, code] of [
    ["AAAA", "no-such-family"],
    ["TXT", "no-such-type"],
  ] as const) {
    assert.equal(await ask(rig, `web. ${type}`), "nothing");
    const { outcome } = await rig.ask(`web. ${type}`);
    assert.equal(outcome.kind === "reply" && outcome.reason?.code, code);
  }
  await rig.close();
});

test("a missing name is a failure that says so, or the next plugin's where it falls through", async () => {
  const file = await fileOf("192.0.2.1 web.example.org");
  const rig = await startHosts(`hosts ${file} example.org example.net {\n fallthrough example.net\n}`);
  assert.equal(await ask(rig, "db.example.org. A"), "SERVFAIL");
  const { outcome } = await rig.ask("db.example.org. A");
  assert.equal(outcome.kind === "failure" && outcome.reason?.code, "no-hosts-entry");
  assert.equal(await ask(rig, "db.example.net. A"), "next");
  assert.equal(await ask(rig, "db.example.com. A"), "next");
  await rig.close();
});

test("without zones of its own it serves those of the block", async () => {
  const rig = await startHosts(`hosts ${await fileOf("192.0.2.1 a.example b.test")}`, "example");
  assert.equal(await ask(rig, "a.example. A"), "a.example. 3600 IN A 192.0.2.1");
  assert.equal(await ask(rig, "b.test. A"), "next");
  await rig.close();
});

test("an address leads back to its names, outside of the zones too", async () => {
  const file = await fileOf(
    "192.0.2.1 Web.example.org web.example.org db.example.org other.test\nfd00::1 six.example.org",
  );
  const rig = await startHosts(`hosts ${file} example.org {\n ttl 60\n}`);
  assert.equal(
    await ask(rig, "1.2.0.192.in-addr.arpa. PTR"),
    "1.2.0.192.in-addr.arpa. 60 IN PTR web.example.org.\n1.2.0.192.in-addr.arpa. 60 IN PTR db.example.org.",
  );
  const reverse = `1.${"0.".repeat(29)}d.f.ip6.arpa.`;
  assert.equal(await ask(rig, `${reverse} PTR`), `${reverse} 60 IN PTR six.example.org.`);
  assert.equal(await ask(rig, "2.2.0.192.in-addr.arpa. PTR"), "next");
  assert.equal(await ask(rig, "web.example.org. PTR"), "next");
  await rig.close();
});

test("an address with more names than a message can hold leads to a cut reply", async () => {
  const list = Array.from({ length: 6000 }, (_, index) => `0.0.0.0 ads${index}.example`).join("\n");
  const rig = await startHosts(`hosts ${await fileOf(list)}`);
  const { outcome, answers } = await rig.ask("0.0.0.0.in-addr.arpa. PTR");
  assert.ok(answers.length < 5000, `${answers.length}`);
  assert.ok(outcome.kind === "reply");
  const bytes = outcome.encode(rig.query("0.0.0.0.in-addr.arpa. PTR").message, [], 65_535);
  assert.equal(decodeMessage(bytes).isTruncated, true);
  await rig.close();
});

test("no_reverse leaves reverse names to the next plugin", async () => {
  const rig = await startHosts(`hosts ${await fileOf("192.0.2.1 web")} {\n no_reverse\n}`);
  assert.equal(await ask(rig, "1.2.0.192.in-addr.arpa. PTR"), "next");
  await rig.close();
});

test("entries of the Corefile add to those of the file, none twice", async () => {
  const file = await fileOf("192.0.2.1 web.example.org");
  const inline = "192.0.2.2 web.example.org\n192.0.2.1 web.example.org\n10.0.0.1 host.minikube.internal";
  const rig = await startHosts(`hosts ${file} {\n${inline}\nfallthrough\n}`);
  const answers = "web.example.org. 3600 IN A 192.0.2.1\nweb.example.org. 3600 IN A 192.0.2.2";
  assert.equal(await ask(rig, "web.example.org. A"), answers);
  assert.equal(await ask(rig, "host.minikube.internal. A"), "host.minikube.internal. 3600 IN A 10.0.0.1");
  assert.equal(
    await ask(rig, "1.0.0.10.in-addr.arpa. PTR"),
    "1.0.0.10.in-addr.arpa. 3600 IN PTR host.minikube.internal.",
  );
  assert.equal(await ask(rig, "kubernetes.io. A"), "next");
  await rig.close();
});

test("a wildcard stands for one label, where no entry has the name itself", async () => {
  const file = await fileOf("192.0.2.1 *.example.org\n192.0.2.2 a.example.org\nfd00::1 b.example.org");
  const rig = await startHosts(`hosts ${file}`);
  assert.equal(await ask(rig, "X.example.org. A"), "X.example.org. 3600 IN A 192.0.2.1");
  assert.equal(await ask(rig, "a.example.org. A"), "a.example.org. 3600 IN A 192.0.2.2");
  assert.equal(await ask(rig, "b.example.org. A"), "nothing");
  assert.equal(await ask(rig, "y.x.example.org. A"), "SERVFAIL");
  assert.equal(await ask(rig, "example.org. A"), "SERVFAIL");
  assert.equal(await ask(rig, "1.2.0.192.in-addr.arpa. PTR"), "next");
  await rig.close();
});

test("fallthrough_unsupported leaves other types to the next plugin", async () => {
  const file = await fileOf("192.0.2.1 web");
  const rig = await startHosts(`hosts ${file} {\n fallthrough\n fallthrough_unsupported\n}`);
  assert.equal(await ask(rig, "web. HTTPS"), "next");
  assert.equal(await ask(rig, "web. AAAA"), "nothing");
  await rig.close();
});

test("another class goes on to the next plugin", async () => {
  const rig = await startHosts(`hosts ${await fileOf("192.0.2.1 web")}`);
  assert.equal(await ask(rig, "web. CH A"), "next");
  await rig.close();
});

test("the file of k3s is read again when it changes, also when a swapped folder brings the change", async () => {
  const file = await fileOf("172.18.0.2 k3d-a-server-0");
  const rig = await startHosts(`hosts ${file} {\n ttl 60\n reload 5ms\n fallthrough\n}`);
  assert.equal(await ask(rig, "k3d-a-server-0. A"), "k3d-a-server-0. 60 IN A 172.18.0.2");
  await rename(await fileOf("172.18.0.3 k3d-a-server-0"), file);
  await until("the new address", async () => (await ask(rig, "k3d-a-server-0. A")).endsWith("172.18.0.3"));
  await rig.close();
});

test("a file that is not there is told, and served when it appears", async () => {
  const file = join(directory, "NodeHosts");
  const rig = await startHosts(`hosts ${file} {\n reload 5ms\n 10.0.0.1 inline\n fallthrough\n}`);
  assert.match(rig.lines.join("\n"), /hosts file cannot be read/);
  assert.equal(await ask(rig, "inline. A"), "inline. 3600 IN A 10.0.0.1");
  await writeFile(file, "10.0.0.2 late");
  await until("the new name", async () => (await ask(rig, "late. A")) === "late. 3600 IN A 10.0.0.2");
  await rm(file);
  await until("its absence is told", () => rig.lines.length === 2);
  assert.equal(await ask(rig, "late. A"), "late. 3600 IN A 10.0.0.2", "the last that could be read stays");
  await rig.close();
});

test("entries are counted, with those of the Corefile and those that lead back", async () => {
  const file = await fileOf("192.0.2.1 a b *.c");
  const rig = await startHosts(`hosts ${file} {\n 10.0.0.1 d\n}`);
  assert.equal(rig.metrics.get(`coredns_hosts_entries{hostsfile="${file}"}`), 7);
  const readAt = rig.metrics.get("coredns_hosts_reload_timestamp_seconds") ?? 0;
  assert.ok(Math.abs(readAt - Date.now() / 1000) < 60, `${readAt}`);
  await rig.close();
});

test("a path through something that is no folder keeps the server from starting", async () => {
  const file = await fileOf("");
  await assert.rejects(startHosts(`hosts ${file}/hosts`), (error: unknown) => {
    assert.ok(error instanceof PluginStartError);
    assert.deepEqual([error.at.line, error.at.column], [2, 8]);
    return true;
  });
});
