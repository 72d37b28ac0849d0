/** What an edit of the Corefile adds, removes or changes is so when the reload is complete, and nothing else is. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { exchangeTcp, exchangeUdp, frame } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { freePort, ownAddress } from "../../support/own-address.ts";
import { TestUpstream } from "../../support/test-upstream.ts";
import { inPhase, Load, lost, outcomes } from "./load.ts";
import { clusterName, podName, startReloadingServer, writeCertificate } from "./reloading-server.ts";

/** Answers as zone text, or the code when there is none. */
async function ask(question: string, port: number): Promise<string> {
  const { answer, rcode } = decodeReply(
    await exchangeUdp({ host: ownAddress, port }, buildQuery(question), 2_000),
  );
  return answer.length === 0 ? rcode : answer.join("\n");
}

/** Of the certificate shown; rejects when the server does not take the connection or does not answer. */
async function askTls(port: number): Promise<string> {
  const socket = connectTls({ host: ownAddress, port, rejectUnauthorized: false });
  try {
    await once(socket, "secureConnect");
    socket.write(frame(buildQuery(`${clusterName} A`)));
    // An end without an answer comes as "end" only.
    await Promise.race([
      once(socket, "data"),
      once(socket, "close").then(() => Promise.reject(new Error("closed"))),
    ]);
    return socket.getPeerCertificate().subjectaltname ?? "";
  } finally {
    socket.destroy();
  }
}

/** Resolves as soon as connections are refused; what is under way is finished before. */
async function untilRefused(port: number): Promise<void> {
  for (;;) {
    const socket = connect({ host: ownAddress, port });
    try {
      await once(socket, "connect");
    } catch {
      return;
    } finally {
      socket.destroy();
    }
  }
}

/** Cluster names over UDP, from now to the end of the test, when none must be lost. */
async function watchClusterNames(context: TestContext, port: number): Promise<() => Promise<void>> {
  const load = await Load.start({
    server: { host: ownAddress, port },
    asks: [`${clusterName} A`],
    perSecond: 500,
  });
  context.after(() => load.abandon());
  return async () => {
    const samples = await load.end();
    assert.deepEqual(outcomes(samples), { NOERROR: samples.length });
  };
}

describe("what is served", () => {
  test("zones, ports and server blocks come and go", async context => {
    const { corefile, change, ports } = await startReloadingServer(context);
    const assertUnharmed = await watchClusterNames(context, ports.dns);
    const otherPort = await freePort();
    const block = (zone: string, port: number) =>
      `${zone}:${port} {\n bind ${ownAddress}\n hosts {\n 192.0.2.9 a.other.test\n }\n}\n`;
    assert.equal(await ask("a.other.test. A", ports.dns), "SERVFAIL");
    await change(corefile({ blocks: block("other.test", ports.dns) + block("other.test", otherPort) }));
    assert.equal(await ask("a.other.test. A", ports.dns), "a.other.test. 3600 IN A 192.0.2.9");
    assert.equal(await ask("a.other.test. A", otherPort), "a.other.test. 3600 IN A 192.0.2.9");
    assert.equal(await ask("a.another.test. A", otherPort), "REFUSED");
    await change(corefile());
    assert.equal(await ask("a.other.test. A", ports.dns), "SERVFAIL");
    await untilRefused(otherPort);
    await assert.rejects(ask("a.other.test. A", otherPort));
    await assertUnharmed();
  });

  test("options of kubernetes change", async context => {
    const { api, corefile, change, ports } = await startReloadingServer(context, { pods: "disabled" });
    const assertUnharmed = await watchClusterNames(context, ports.dns);
    const unknownPod = podName.replace("0-7", "0-99");
    const seen = async () => [
      await ask(`${clusterName} A`, ports.dns),
      await ask(`${podName} A`, ports.dns),
      await ask(`${unknownPod} A`, ports.dns),
    ];
    const web = (ttl: number) => `${clusterName} ${ttl} IN A 10.96.0.10`;
    const known = (ttl: number) => `${podName} ${ttl} IN A 10.244.0.7`;
    assert.deepEqual(await seen(), [web(7), "NXDOMAIN", "NXDOMAIN"]);
    await change(corefile({ pods: "insecure", ttlSeconds: 8 }));
    assert.deepEqual(await seen(), [web(8), known(8), `${unknownPod} 8 IN A 10.244.0.99`]);
    await change(corefile({ pods: "verified", ttlSeconds: 9 }));
    assert.deepEqual(await seen(), [web(9), known(9), "NXDOMAIN"]);
    assert.equal(api.watches("pods").length, 1);
    const closed = api.nextClosed({ resource: "pods" });
    await change(corefile({ pods: "disabled" }));
    assert.deepEqual(await seen(), [web(7), "NXDOMAIN", "NXDOMAIN"]);
    await closed;
    assert.equal(api.watches("pods").length, 0);
    await assertUnharmed();
  });

  test("an edit while the API server is away costs no name", async context => {
    const { api, corefile, change, ports } = await startReloadingServer(context);
    const assertUnharmed = await watchClusterNames(context, ports.dns);
    await api.stop();
    await change(corefile({ ttlSeconds: 8 }));
    assert.equal(await ask(`${clusterName} A`, ports.dns), `${clusterName} 8 IN A 10.96.0.10`);
    await assertUnharmed();
  });

  test("an address gives way to all addresses and back without losing a query", async context => {
    const { corefile, change, ports } = await startReloadingServer(context);
    const assertUnharmed = await watchClusterNames(context, ports.dns);
    const askAt = async (host: string) => {
      const reply = await exchangeUdp({ host, port: ports.dns }, buildQuery(`${clusterName} A`));
      return decodeReply(reply).answer.join();
    };
    for (let round = 1; round <= 5; round += 1) {
      await change(corefile({ bind: "0.0.0.0", ttlSeconds: round }));
      assert.equal(await askAt("127.0.0.1"), `${clusterName} ${round} IN A 10.96.0.10`);
      await change(corefile({ ttlSeconds: 100 + round }));
      assert.equal(await askAt(ownAddress), `${clusterName} ${100 + round} IN A 10.96.0.10`);
      await assert.rejects(askAt("127.0.0.1"));
    }
    await assertUnharmed();
  });
});

describe("encrypted listeners", () => {
  test("another certificate is shown to new connections, and old ones are kept", async context => {
    const { corefile, change, directory, loads, ports } = await startReloadingServer(context);
    const load = await loads([`${clusterName} A`], 50);
    await copyFile(join(directory, "cert.pem"), join(directory, "old-cert.pem"));
    await copyFile(join(directory, "key.pem"), join(directory, "old-key.pem"));
    assert.equal(await askTls(ports.tls), "DNS:dns.test");
    await writeCertificate(directory, "DNS:renewed.test");
    // The Corefile says what it said before; the files that it names do not.
    await change(corefile());
    assert.equal(await askTls(ports.tls), "DNS:renewed.test");
    await change(corefile({ tls: "tls old-cert.pem old-key.pem" }));
    assert.equal(await askTls(ports.tls), "DNS:dns.test");
    for (const samples of await load.end()) {
      assert.deepEqual(outcomes(samples), { NOERROR: samples.length });
      assert.deepEqual([...new Set(samples.map(({ connection }) => connection))], [1]);
    }
  });

  test("clients that must show a certificate from now on are let in no more without", async context => {
    const { corefile, change, ports, server } = await startReloadingServer(context);
    assert.equal(await askTls(ports.tls), "DNS:dns.test");
    const strict = "tls cert.pem key.pem cert.pem {\n client_auth require_and_verify\n }";
    await change(corefile({ tls: strict }));
    await assert.rejects(askTls(ports.tls));
    await change(corefile());
    assert.equal(await askTls(ports.tls), "DNS:dns.test");
    assert.equal(decodeReply(await exchangeTcp(server, buildQuery(`${clusterName} A`))).rcode, "NOERROR");
  });

  test("HTTPS becomes HTTP on the same port and HTTPS again", async context => {
    const { corefile, change, ports } = await startReloadingServer(context);
    const query = buildQuery(`${clusterName} A`).toString("base64url");
    const get = () => fetch(`http://${ownAddress}:${ports.https}/dns-query?dns=${query}`);
    await assert.rejects(get());
    await change(corefile({ tls: "" }));
    const response = await get();
    assert.equal(response.status, 200);
    await response.arrayBuffer();
    await change(corefile());
    await assert.rejects(get());
  });

  test("listeners that go answer what is under way, then end their connections", async context => {
    const upstream = await TestUpstream.start();
    context.after(() => upstream.stop());
    const more = `forward . ${upstream.target}`;
    const { corefile, change, loads, ports } = await startReloadingServer(context, { names: more });
    const load = await loads(["n#.outside.test. A"], 20);
    load.enter("waiting");
    // Each answer comes after the listener has gone.
    upstream.misbehave({ slowMs: 1_000 });
    await new Promise(resolve => setTimeout(resolve, 500));
    load.enter("gone");
    await change(corefile({ withoutTls: true }));
    await Promise.all([untilRefused(ports.tls), untilRefused(ports.https)]);
    for (const samples of await load.end()) {
      assert.deepEqual(lost(inPhase(samples, "waiting")), []);
    }
  });
});
