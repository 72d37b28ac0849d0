/** DNS over TLS (RFC 7858) and over HTTPS (RFC 8484), as clients speak them. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { frame } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { freePort, ownAddress } from "../../support/own-address.ts";
import { makeTestCertificate } from "../../support/test-certificate.ts";
import { newServer, planOf } from "./test-server.ts";

const certificate = makeTestCertificate("DNS:dns.test");
const query = buildQuery("web.test. A");
const expected = ["web.test. 5 IN A 10.0.0.0"];

interface Encrypted {
  readonly port: number;
  readonly statuses: readonly number[];
}

/** `options` with PAIR and CA in place of file names. */
async function startEncrypted(context: TestContext, scheme: string, options: string): Promise<Encrypted> {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-tls-"));
  context.after(() => rm(directory, { recursive: true }));
  const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  await writeFile(cert, certificate.cert);
  await writeFile(key, certificate.key);
  const statuses: number[] = [];
  const server = newServer({ onHttpsStatus: (_server, status) => statuses.push(status) });
  context.after(() => server.close());
  const port = await freePort();
  const words = options.replace("PAIR", `${cert} ${key}`).replace("CA", cert);
  await server.apply(planOf(`${scheme}://.:${port} {\n bind ${ownAddress}\n answer\n ${words}\n}`));
  return { port, statuses };
}

async function askTls(port: number, identity: object = {}): Promise<readonly string[]> {
  const socket = connectTls({
    host: ownAddress,
    port,
    ca: certificate.cert,
    servername: "dns.test",
    ...identity,
  });
  try {
    await once(socket, "secureConnect");
    socket.write(frame(query));
    const [reply] = (await once(socket, "data")) as [Buffer];
    return decodeReply(reply.subarray(2)).answer;
  } finally {
    socket.destroy();
  }
}

test("a query over TLS is answered", async context => {
  const { port } = await startEncrypted(context, "tls", "tls PAIR");
  assert.deepEqual(await askTls(port), expected);
});

test("a TLS client that must show a certificate is let in with one and not without", async context => {
  const { port } = await startEncrypted(context, "tls", "tls PAIR CA {\n client_auth require_and_verify\n }");
  assert.deepEqual(await askTls(port, { cert: certificate.cert, key: certificate.key }), expected);
  const stranger = makeTestCertificate("DNS:stranger.test");
  for (const identity of [{}, { cert: stranger.cert, key: stranger.key }]) {
    const socket = connectTls({
      host: ownAddress,
      port,
      ca: certificate.cert,
      servername: "dns.test",
      ...identity,
    });
    // With TLS 1.3 the client learns of its refusal only after the handshake.
    socket.on("error", () => {});
    socket.on("data", () => assert.fail("a stranger was answered"));
    socket.once("secureConnect", () => socket.write(frame(query)));
    await once(socket, "close");
  }
});

test("plain TCP to a TLS port, and a broken handshake, cost the next client nothing", async context => {
  const { port } = await startEncrypted(context, "tls", "tls PAIR");
  const socket = connect({ host: ownAddress, port });
  socket.on("error", () => {});
  socket.write(frame(query));
  await once(socket, "close");
  assert.deepEqual(await askTls(port), expected);
});

interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

async function askHttp2(
  port: number,
  headers: Readonly<Record<string, string>>,
  body?: Buffer,
): Promise<HttpAnswer> {
  const session = connectHttp2(`https://${ownAddress}:${port}`, {
    ca: certificate.cert,
    servername: "dns.test",
  });
  try {
    const stream = session.request({ ":path": "/dns-query", ...headers });
    stream.end(body);
    const [response] = (await once(stream, "response")) as [Record<string, unknown>];
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    return { status: Number(response[":status"]), headers: response, body: Buffer.concat(pieces) };
  } finally {
    session.close();
  }
}

test("POST and GET over HTTP/2 are answered, with the shortest TTL as max-age", async context => {
  const { port, statuses } = await startEncrypted(context, "https", "tls PAIR");
  const posted = { ":method": "POST", "content-type": "application/dns-message" };
  const asked = { ":path": `/dns-query?dns=${query.toString("base64url")}` };
  for (const answer of [await askHttp2(port, posted, query), await askHttp2(port, asked)]) {
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], "application/dns-message");
    assert.equal(answer.headers["cache-control"], "max-age=5");
    assert.deepEqual(decodeReply(answer.body).answer, expected);
  }
  assert.deepEqual(statuses, [200, 200]);
});

for (const [what, headers, body, status] of [
  ["another path", { ":path": "/" }, undefined, 404],
  ["GET without a query", {}, undefined, 400],
  ["GET with what is no message", { ":path": "/dns-query?dns=AAAA" }, undefined, 400],
  ["another method", { ":method": "PUT" }, query, 400],
  ["a body that is too large", { ":method": "POST" }, Buffer.alloc(100_000), 400],
] as const) {
  test(`${what} over HTTP/2 is ${status}`, async context => {
    const { port, statuses } = await startEncrypted(context, "https", "tls PAIR");
    assert.equal((await askHttp2(port, headers, body)).status, status);
    assert.deepEqual(statuses, [status]);
  });
}

test("HTTP/1.1 is answered too, and without tls over plain HTTP", async context => {
  const secured = await startEncrypted(context, "https", "tls PAIR");
  const open = await startEncrypted(context, "https", "");
  const path = `/dns-query?dns=${query.toString("base64url")}`;
  const tlsOptions = { ca: certificate.cert, servername: "dns.test", agent: false as const };
  for (const request of [
    httpsRequest({ host: ownAddress, port: secured.port, path, ...tlsOptions }),
    httpRequest({ host: ownAddress, port: open.port, path, agent: false }),
  ]) {
    request.end();
    const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece);
    assert.deepEqual(decodeReply(Buffer.concat(pieces)).answer, expected);
  }
});
