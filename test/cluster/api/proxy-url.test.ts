/** API servers that are reached through a proxy, which a kubeconfig names by `proxy-url`. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ApiClient, readText } from "../../../src/cluster/api/api-client.ts";
import { openAccess } from "../../../src/cluster/api/kubeconfig.ts";
import { makeTestCertificate } from "../../support/test-certificate.ts";

/** SOCKS5 (RFC 1928) without authentication, to IPv4 addresses. */
async function startSocksProxy(t: TestContext): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(async client => {
    sockets.add(client);
    client.on("error", () => {});
    await once(client, "data");
    client.write(Buffer.from([5, 0]));
    const [request] = (await once(client, "data")) as [Buffer];
    const host = [...request.subarray(4, 8)].join(".");
    const port = request.readUInt16BE(8);
    asked.push(`${host}:${port}`);
    const upstream = connect(port, host, () => {
      client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      client.pipe(upstream).pipe(client);
    });
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `socks5://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Its certificate is for the address alone. */
async function startApiServer(t: TestContext): Promise<{ readonly address: string; readonly ca: string }> {
  const { key, cert } = makeTestCertificate("IP:127.0.0.1");
  const server = createHttpsServer({ key, cert }, (_request, response) => response.end("{}"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, ca: cert };
}

test("API server by its address, behind a SOCKS proxy, is known by the certificate of that address", async t => {
  const server = await startApiServer(t);
  const proxy = await startSocksProxy(t);
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-"));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, "config");
  const cluster = {
    server: `https://${server.address}`,
    "proxy-url": proxy.url,
    "certificate-authority-data": Buffer.from(server.ca).toString("base64"),
  };
  const kubeconfig = {
    "current-context": "test",
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    users: [{ name: "test", user: { token: "secret" } }],
    clusters: [{ name: "test", cluster }],
  };
  await writeFile(file, JSON.stringify(kubeconfig));
  const client = new ApiClient(await openAccess({ file }));
  t.after(() => client.close());
  const limits = { signal: AbortSignal.timeout(10_000), headersSilenceMs: 5_000, bodySilenceMs: 5_000 };
  assert.equal(await readText(await client.get("/version", limits)), "{}");
  assert.deepEqual(proxy.asked, [server.address]);
});
