/** Files, host names and certificates behind `forward`: found at the start. */

import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { forwardOver } from "../../../../src/dns/plugins/forward/forward.ts";
import { parseResolvConf } from "../../../../src/dns/plugins/forward/resolv-conf.ts";
import { PluginStartError } from "../../../../src/dns/plugins/plugin.ts";
import { makeTestCertificate } from "../../../support/test-certificate.ts";
import { TestUpstream } from "../../../support/test-upstream.ts";
import { startRig } from "../rig.ts";
import { ScriptedUpstreams } from "./scripted-upstreams.ts";

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "frontdesk-forward-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

async function start(t: TestContext, stanza: string) {
  const upstreams = new ScriptedUpstreams();
  const rig = await startRig(`. {\n ${stanza}\n}`, { plugins: [forwardOver(upstreams.open)] });
  t.after(() => rig.close());
  return { rig, upstreams };
}

/** `TRANSPORT ADDRESS:PORT SERVER-NAME` of each upstream. */
async function openedBy(t: TestContext, stanza: string): Promise<readonly string[]> {
  const { upstreams } = await start(t, stanza);
  return upstreams.opened.map(({ transport, address, port, tls }) =>
    [transport, `${address}:${port}`, ...(tls?.serverName ? [tls.serverName] : [])].join(" "),
  );
}

function refusal(at: string, what: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof PluginStartError);
    assert.equal(`${error.at.line}:${error.at.column}`, at);
    assert.match(error.what, what);
    assert.notEqual(error.remedy, "");
    return true;
  };
}

test("resolv.conf gives its name servers, all of them, and nothing else", () => {
  const text = `# nameserver 10.9.9.9
; nameserver 10.9.9.8
search shop.svc.cluster.local svc.cluster.local
nameserver 10.0.0.1
  nameserver\t10.0.0.2  # the second
nameserver fe80::1%eth0
nameserver
nameserver dns.example.org
nameserverx 10.0.0.7
options ndots:5
nameserver 10.0.0.3\r
nameserver 10.0.0.4`;
  assert.deepEqual(parseResolvConf(text), ["10.0.0.1", "10.0.0.2", "fe80::1", "10.0.0.3", "10.0.0.4"]);
});

test("a file's name servers are asked on port 53, each once, between the addresses written beside it", async t => {
  const folder = await folderOf(t, { "resolv.conf": "nameserver 10.0.0.2\nnameserver 10.0.0.1\n" });
  assert.deepEqual(await openedBy(t, `forward . 10.0.0.1 ${folder}/resolv.conf 10.0.0.3:54`), [
    "dns 10.0.0.1:53",
    "dns 10.0.0.2:53",
    "dns 10.0.0.3:54",
  ]);
});

test("a file without name servers is an error, unless another upstream is there", async t => {
  const folder = await folderOf(t, { "resolv.conf": "search example.org\n" });
  await assert.rejects(start(t, `forward . ${folder}/resolv.conf`), refusal("2:2", /names no upstream/));
  assert.deepEqual(await openedBy(t, `forward . ${folder}/resolv.conf 10.0.0.3`), ["dns 10.0.0.3:53"]);
});

test("a file that is not there or cannot be read is named with its place", async t => {
  const folder = await folderOf(t, {});
  await assert.rejects(
    start(t, `forward . 10.0.0.1 ${folder}/resolv.conf`),
    refusal("2:21", /resolv\.conf cannot be read: there is no such file/),
  );
  await assert.rejects(start(t, `forward . ${folder}`), refusal("2:12", /cannot be read: EISDIR/));
});

test("more than fifteen upstreams are refused", async t => {
  const lines = Array.from({ length: 16 }, (_, index) => `nameserver 10.0.0.${index}`);
  const folder = await folderOf(t, { "resolv.conf": lines.join("\n"), fewer: lines.slice(1).join("\n") });
  await assert.rejects(start(t, `forward . ${folder}/resolv.conf`), refusal("2:2", /16 upstreams.*15/));
  assert.equal((await openedBy(t, `forward . ${folder}/fewer`)).length, 15);
});

test("a host name has the addresses that its resolver knows", async t => {
  const server = await TestUpstream.start({
    answer: ({ nameText, typeText }) =>
      typeText === "A" ? `${nameText} 5 IN A 10.7.0.1\n${nameText} 5 IN A 10.7.0.2` : { rcode: "NXDOMAIN" },
  });
  t.after(() => server.stop());
  const resolver = `{\n resolver ${server.target}\n }`;
  assert.deepEqual(await openedBy(t, `forward . tls://dns.corp.example:8853 ${resolver}`), [
    "tls 10.7.0.1:8853 dns.corp.example",
    "tls 10.7.0.2:8853 dns.corp.example",
  ]);
  server.answer = () => ({ rcode: "NXDOMAIN" });
  await assert.rejects(
    start(t, `forward . dns.corp.example ${resolver}`),
    refusal("2:12", /dns\.corp\.example is no file, and as the name of a host it has no address/),
  );
});

test("the system knows the addresses of a host name without resolver", async t => {
  const opened = await openedBy(t, "forward . localhost:5353");
  assert.ok(opened.includes("dns 127.0.0.1:5353") || opened.includes("dns ::1:5353"), opened.join());
});

test("certificates are read from the files that tls names", async t => {
  const { cert, key } = makeTestCertificate("DNS:dns.test");
  const folder = await folderOf(t, { "ca.pem": cert, "cert.pem": cert, "key.pem": key });
  const { upstreams } = await start(
    t,
    `forward . tls://9.9.9.9 https://1.1.1.1 {
      tls ${folder}/cert.pem ${folder}/key.pem ${folder}/ca.pem
      tls_servername dns.test
      doh_method GET
      source_address 10.0.0.9
    }`,
  );
  const tls = { cert, key, ca: cert, serverName: "dns.test" };
  assert.deepEqual(upstreams.opened, [
    { transport: "tls", address: "9.9.9.9", port: 853, tls, sourceAddress: "10.0.0.9" },
    { transport: "https", address: "1.1.1.1", port: 443, tls, dohMethod: "GET", sourceAddress: "10.0.0.9" },
  ]);
});

test("certificates that are missing or do not fit are named with their place", async t => {
  const [one, other] = [makeTestCertificate("DNS:one.test"), makeTestCertificate("DNS:other.test")];
  const folder = await folderOf(t, { "cert.pem": one.cert, "key.pem": other.key, "no.pem": "hello" });
  const stanza = (files: string) => `forward . tls://9.9.9.9 {\n  tls ${files}\n }`;
  await assert.rejects(start(t, stanza(`${folder}/ca.pem`)), refusal("3:7", /ca\.pem cannot be read/));
  await assert.rejects(
    start(t, stanza(`${folder}/cert.pem ${folder}/key.pem`)),
    refusal("3:7", /the files of tls do not fit/),
  );
  await assert.rejects(
    start(t, stanza(`${folder}/cert.pem ${folder}/no.pem`)),
    refusal("3:7", /the files of tls do not fit/),
  );
});

test("systemd-resolved's stub is warned of once, with the kubelet's setting", async t => {
  const folder = await folderOf(t, { "resolv.conf": "nameserver 127.0.0.53\noptions edns0 trust-ad\n" });
  const { rig } = await start(t, `forward . ${folder}/resolv.conf`);
  assert.equal(rig.lines.length, 1);
  assert.match(
    rig.lines[0] ?? "",
    /127\.0\.0\.53.*Corefile:2.*resolvConf.*\/run\/systemd\/resolve\/resolv\.conf/,
  );
});

test("an upstream that is this server itself is warned of", async t => {
  const { rig } = await start(t, "forward . 127.0.0.1");
  assert.match(rig.lines.join(), /127\.0\.0\.1:53.*this server itself/);
  const other = await start(t, "forward . 127.0.0.1:5353");
  assert.deepEqual(other.rig.lines, []);
});

test("name servers are read again when their file changes; those that stay are not opened again", async t => {
  const folder = await folderOf(t, { "resolv.conf": "nameserver 10.0.0.1\nnameserver 10.0.0.2\n" });
  const { rig, upstreams } = await start(t, `forward . ${folder}/resolv.conf`);
  const closed = new Promise<void>(resolve => {
    const timer = setInterval(() => {
      if (upstreams.closed.length === 0) return;
      clearInterval(timer);
      resolve();
    }, 20);
  });
  await writeFile(join(folder, "next"), "nameserver 10.0.0.2\nnameserver 10.0.0.3\n");
  await rename(join(folder, "next"), join(folder, "resolv.conf"));
  await closed;
  assert.deepEqual(
    upstreams.opened.map(({ address }) => address),
    ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
  );
  assert.deepEqual(upstreams.closed, ["10.0.0.1:53"]);
  assert.match(rig.lines.join(), /read again/);
  const served = new Set<string>();
  for (let round = 0; round < 40; round += 1)
    served.add((await rig.ask(`n${round}.example. A`)).answers[0] ?? "");
  assert.deepEqual(
    new Set([...served].map(line => line.split(" ").at(-1))),
    new Set(["10.0.0.2", "10.0.0.3"]),
  );
});
