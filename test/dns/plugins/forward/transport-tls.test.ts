import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createServer } from "node:tls";
import type { UpstreamTarget, UpstreamTls } from "../../../../src/dns/plugins/forward/exchange.ts";
import { ExchangeError, openUpstream } from "../../../../src/dns/plugins/forward/exchange.ts";
import { makeTestCertificate } from "../../../support/test-certificate.ts";
import type { TestUpstream } from "../../../support/test-upstream.ts";
import { ampleMs, ask, askInVain, clientPorts, open, startUpstream } from "./transport-rig.ts";

const www = "www.example.org. A";
const transports = ["tls"] as const;

function tlsTarget(upstream: TestUpstream, tls: UpstreamTls = {}): UpstreamTarget {
  const { address, tlsPort: port } = upstream;
  return { transport: "tls", address, port, tls: { ca: upstream.certificate.cert, ...tls } };
}

test("queries over TLS share a connection, whatever the client has come over", async context => {
  const upstream = await startUpstream(context, { transports });
  const events: string[] = [];
  const exchange = open(context, tlsTarget(upstream), {
    onConnection: ({ isReused, over }) => events.push(`${over} ${isReused ? "reused" : "new"}`),
  });
  const { answers } = await ask(exchange, "WWW.Example.org. A", "udp");
  assert.deepEqual(answers, ["WWW.Example.org. 300 IN A 192.0.2.1"]);
  await ask(exchange, www, "tcp");
  assert.equal(upstream.count("tls"), 2);
  assert.equal(clientPorts(upstream), 1);
  assert.deepEqual(events, ["tls new", "tls reused"]);
});

test("the certificate has to name the server, or its address where no name is configured", async context => {
  const upstream = await startUpstream(context, { transports });
  await ask(open(context, tlsTarget(upstream, { serverName: "dns.test" })), www);
  await ask(open(context, tlsTarget(upstream, { serverName: upstream.address })), www);
  for (const serverName of ["other.test", "127.0.0.9"]) {
    const message = await askInVain(open(context, tlsTarget(upstream, { serverName })), "TLS");
    assert.match(message, new RegExp(`^${upstream.address}:${upstream.tlsPort} over TLS: .*${serverName}`));
  }
  const named = await startUpstream(context, {
    transports,
    certificate: makeTestCertificate("DNS:dns.test"),
  });
  await askInVain(open(context, tlsTarget(named)), "TLS");
  assert.equal(named.count(), 0, "no query is shown to a server that is not the right one");
});

test("a certificate that nobody vouches for is refused", async context => {
  const upstream = await startUpstream(context, { transports });
  const { address, tlsPort: port } = upstream;
  await askInVain(open(context, { transport: "tls", address, port }), "TLS");
  assert.equal(upstream.count(), 0);
});

test("the upstream is shown the client's certificate", async context => {
  const client = makeTestCertificate("DNS:client.test");
  const upstream = await startUpstream(context, { transports, clientCa: client.cert });
  await ask(open(context, tlsTarget(upstream, client)), www);
  await askInVain(open(context, tlsTarget(upstream)), "TLS");
});

test("a certificate, key or CA that is none is told when opening", () => {
  const options = { expireMs: 0, maxAgeMs: 0, maxIdleConnections: 0 };
  const target = { transport: "tls", address: "127.0.0.1", port: 853 } as const;
  for (const tls of [{ cert: "none", key: "none" }, { key: "none" }]) {
    const opening = () => openUpstream({ ...target, tls }, options);
    assert.throws(opening, error => error instanceof ExchangeError && error.code === "TLS");
  }
});

test("TLS below 1.2 is not spoken", async context => {
  const certificate = makeTestCertificate("IP:127.0.0.1");
  const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" } as const;
  const server = createServer({ ...certificate, ...old }).listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === "object");
  const target = { transport: "tls", address: "127.0.0.1", port: bound.port } as const;
  await askInVain(open(context, { ...target, tls: { ca: certificate.cert } }), "TLS");
});

test("the next connection takes the session of the last one up again", async context => {
  const certificate = makeTestCertificate("IP:127.0.0.1");
  const sessions: boolean[] = [];
  const server = createServer(certificate, socket => {
    sessions.push(socket.isSessionReused());
    socket.on("error", () => {});
    socket.once("data", (framed: Buffer) => {
      framed[4] = 0x81;
      socket.end(framed);
    });
  }).listen(0, "127.0.0.1");
  context.after(() => server.close());
  await once(server, "listening");
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === "object");
  const target = { transport: "tls", address: "127.0.0.1", port: bound.port } as const;
  const exchange = open(context, { ...target, tls: { ca: certificate.cert } });
  await ask(exchange, www);
  await ask(exchange, www);
  assert.deepEqual(sessions, [false, true]);
});

test("a kept connection that was closed is replaced, a new one that is closed is RESET", async context => {
  const upstream = await startUpstream(context, { transports });
  const exchange = open(context, tlsTarget(upstream));
  await ask(exchange, www);
  upstream.misbehave("reset", 1);
  await ask(exchange, www);
  assert.equal(clientPorts(upstream), 2);
  await upstream.restartOnSamePort();
  await ask(exchange, www);
  upstream.misbehave("close-mid-reply");
  await askInVain(exchange, "RESET");
});

test("an upstream that is silent, gone or slow to connect ends the wait", async context => {
  const upstream = await startUpstream(context, { transports: ["tls", "dns"] });
  const exchange = open(context, tlsTarget(upstream));
  upstream.misbehave("silent");
  await askInVain(exchange, "TIMEOUT", "tcp", 60);
  await upstream.connections(0);
  const { address, port } = upstream;
  const neverHandshakes = open(context, { transport: "tls", address, port });
  await askInVain(neverHandshakes, "TIMEOUT", "tcp", 60);
  await upstream.connections(0);
  await upstream.stop();
  await askInVain(exchange, "REFUSED", "tcp", ampleMs);
});
