/** DNS over TLS (RFC 7858) and over HTTPS (RFC 8484), as clients speak them. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { test } from "node:test";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { frame } from "../../support/dns-client.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { ownAddress } from "../../support/own-address.ts";
import { makeTestCertificate } from "../../support/test-certificate.ts";
import { askHttp2, askTls, certificate, expected, get, query, startEncrypted } from "./encrypted-server.ts";
import { addressRecord } from "./test-server.ts";

const timeout = 10_000;

test("a query over TLS is answered", async context => {
  const { port } = await startEncrypted(context, "tls", "tls PAIR");
  assert.deepEqual(await askTls(port), expected);
});

test("plain TCP to a TLS port, and a broken handshake, cost the next client nothing", async context => {
  const { port } = await startEncrypted(context, "tls", "tls PAIR");
  const socket = connect({ host: ownAddress, port });
  socket.on("error", () => {});
  socket.write(frame(query));
  await once(socket, "close");
  assert.deepEqual(await askTls(port), expected);
});

for (const scheme of ["tls", "https"] as const) {
  test(`a ${scheme} client that never finishes its handshake is let go after the time of read`, {
    timeout,
  }, async context => {
    const { port } = await startEncrypted(context, scheme, "tls PAIR\n timeouts {\n read 1s\n }");
    const socket = connect({ host: ownAddress, port });
    context.after(() => socket.destroy());
    socket.resume();
    await once(socket, "close");
  });

  test(`a ${scheme} client that does not trust the certificate keeps no server from closing`, {
    timeout,
  }, async context => {
    const { port, close } = await startEncrypted(context, scheme, "tls PAIR\n timeouts {\n read 1s\n }");
    await assert.rejects(askTls(port, { ca: makeTestCertificate("DNS:other.test").cert }));
    await close();
  });
}

test("POST and GET over HTTP/2 are answered", async context => {
  const { port, statuses } = await startEncrypted(context, "https", "tls PAIR");
  const posted = { ":method": "POST", "content-type": "application/dns-message" };
  for (const answer of [await askHttp2(port, posted, query), await askHttp2(port, get)]) {
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], "application/dns-message");
    assert.equal(answer.headers["cache-control"], "max-age=5");
    assert.deepEqual(decodeReply(answer.body).answer, expected);
  }
  assert.deepEqual(statuses, [200, 200]);
});

test("max-age is the shortest TTL of all sections", async context => {
  const { port } = await startEncrypted(context, "https", "tls PAIR", {
    handle: ({ message }) =>
      replyTo(message, {
        plugin: "answer",
        answers: [addressRecord("10.0.0.0", 300), addressRecord("10.0.0.1", 30)],
        additionals: [addressRecord("10.0.0.2", 60)],
      }),
  });
  assert.equal((await askHttp2(port, get)).headers["cache-control"], "max-age=30");
});

test("a query that gets no reply from the chain is 500", async context => {
  const { port, statuses } = await startEncrypted(context, "https", "tls PAIR", {
    handle: () => ({ kind: "drop" }),
  });
  assert.equal((await askHttp2(port, get)).status, 500);
  assert.deepEqual(statuses, [500]);
});

for (const [what, headers, body, status] of [
  ["another path", { ":path": "/" }, undefined, 404],
  ["a path that is no path", { ":path": "//" }, undefined, 404],
  ["a longer path", { ":path": "/dns-query/" }, undefined, 404],
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
