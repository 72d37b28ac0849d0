import assert from "node:assert/strict";
import { test } from "node:test";
import type { UpstreamTarget } from "../../../../src/dns/plugins/forward/exchange.ts";
import type { TestUpstream } from "../../../support/test-upstream.ts";
import type { Misbehaviour } from "../../../support/test-upstream-misbehaviour.ts";
import { ask, askInVain, clientPorts, open, startUpstream } from "./transport-rig.ts";

const www = "www.example.org. A";

function httpsTarget(upstream: TestUpstream, more: Partial<UpstreamTarget> = {}): UpstreamTarget {
  const { address, httpsPort: port, certificate } = upstream;
  return { transport: "https", address, port, tls: { ca: certificate.cert }, ...more };
}

for (const [version, newestHttp] of [
  ["HTTP/2", 2],
  ["HTTP/1.1", 1],
] as const) {
  const options = { transports: ["https"], newestHttp } as const;

  for (const dohMethod of ["POST", "GET"] as const) {
    test(`${version} ${dohMethod} queries share a connection and go out with id 0`, async context => {
      const upstream = await startUpstream(context, options);
      const exchange = open(context, httpsTarget(upstream, { dohMethod }));
      const { answers } = await ask(exchange, "WWW.Example.org. A");
      assert.deepEqual(answers, ["WWW.Example.org. 300 IN A 192.0.2.1"]);
      await ask(exchange, www, "tcp");
      assert.deepEqual(
        upstream.queries.map(({ message, http }) => [message.id, http?.method, http?.path.split("?")[0]]),
        [
          [0, dohMethod, "/dns-query"],
          [0, dohMethod, "/dns-query"],
        ],
      );
      await upstream.connections(1);
      assert.equal(clientPorts(upstream), 1);
    });
  }

  test(`${version} queries at the same time get their own replies`, async context => {
    const upstream = await startUpstream(context, options);
    const exchange = open(context, httpsTarget(upstream));
    const names = Array.from({ length: 150 }, (_, index) => `n${index}.example.org.`);
    const replies = await Promise.all(names.map(name => ask(exchange, `${name} A`)));
    assert.deepEqual(
      replies.map(({ answers }) => answers[0]),
      names.map(name => `${name} 300 IN A 192.0.2.1`),
    );
    assert.ok(clientPorts(upstream) <= (version === "HTTP/2" ? 1 : 64));
  });

  for (const [how, code] of [
    ["http-500", "HTTP"],
    ["http-wrong-type", "HTTP"],
    ["http-too-long", "BAD_REPLY"],
    ["only-wrong-id", "BAD_REPLY"],
    ["only-wrong-question", "BAD_REPLY"],
    ["garbage", "BAD_REPLY"],
    ["empty", "BAD_REPLY"],
    ["close", "RESET"],
    ["close-mid-reply", "RESET"],
    ["silent", "TIMEOUT"],
  ] as const) {
    test(`${version} ends as ${code} when the upstream sends ${how}, and the next query is answered`, async context => {
      const upstream = await startUpstream(context, options);
      const exchange = open(context, httpsTarget(upstream));
      await ask(exchange, www);
      upstream.misbehave(how);
      const message = await askInVain(exchange, code, "udp", code === "TIMEOUT" ? 80 : undefined);
      assert.ok(message.includes(`${upstream.address}:${upstream.httpsPort} over HTTPS`), message);
      upstream.restore();
      await ask(exchange, www);
      // The connection of a reply that does not come may be dead.
      if (how === "silent") assert.equal(clientPorts(upstream), 2);
      if (how === "http-too-long") assert.match(message, /more than 65535 octets/);
    });
  }

  test(`${version} carries 65535 octets`, async context => {
    const upstream = await startUpstream(context, options);
    const exchange = open(context, httpsTarget(upstream));
    upstream.misbehave("oversized");
    assert.equal((await ask(exchange, www)).bytes.length, 65_535);
  });

  test(`${version} connections that were closed in between are replaced`, async context => {
    const upstream = await startUpstream(context, options);
    const exchange = open(context, httpsTarget(upstream));
    await ask(exchange, www);
    for (const how of ["close", "close-mid-reply"] satisfies Misbehaviour[]) {
      upstream.misbehave(how, 1);
      await ask(exchange, www);
    }
    await upstream.restartOnSamePort();
    await Promise.all([ask(exchange, www), ask(exchange, www)]);
    assert.equal(upstream.count(), 7);
  });

  test(`${version} connections without queries are closed after their time`, async context => {
    const upstream = await startUpstream(context, options);
    const exchange = open(context, httpsTarget(upstream), { expireMs: 50 });
    await ask(exchange, www);
    await upstream.connections(0);
    await ask(exchange, www);
  });

  test(`${version} connections are not used beyond their age`, async context => {
    const upstream = await startUpstream(context, options);
    const exchange = open(context, httpsTarget(upstream), { maxAgeMs: 30 });
    upstream.misbehave({ slowMs: 40 });
    await ask(exchange, www);
    await ask(exchange, www);
    assert.equal(clientPorts(upstream), 2);
  });

  test(`${version} lets queries end when closed, and takes no more`, async context => {
    const upstream = await startUpstream(context, options);
    const exchange = open(context, httpsTarget(upstream));
    upstream.misbehave({ slowMs: 100 });
    const underWay = [ask(exchange, www), ask(exchange, www)];
    exchange.close();
    await askInVain(exchange, "CLOSED");
    assert.equal((await Promise.all(underWay)).length, 2);
    await upstream.connections(0);
  });

  test(`${version} connections made for a second try after closing do not stay`, async context => {
    const upstream = await startUpstream(context, options);
    const exchange = open(context, httpsTarget(upstream));
    await ask(exchange, www);
    upstream.misbehave("silent", 1);
    const underWay = ask(exchange, www);
    await upstream.seen(2);
    exchange.close();
    await upstream.restartOnSamePort();
    await underWay;
    await upstream.connections(0);
  });

  test(`${version} upstreams that cannot be trusted or reached are told apart`, async context => {
    const upstream = await startUpstream(context, options);
    const { address, httpsPort: port } = upstream;
    await askInVain(open(context, { transport: "https", address, port }), "TLS");
    const named = { tls: { ca: upstream.certificate.cert, serverName: "other.test" } };
    await askInVain(open(context, httpsTarget(upstream, named)), "TLS");
    assert.equal(upstream.count(), 0);
    const exchange = open(context, httpsTarget(upstream));
    await ask(exchange, www);
    await upstream.stop();
    await askInVain(exchange, "REFUSED");
  });
}

test("a connection that the upstream says goodbye to is replaced at once", async context => {
  const upstream = await startUpstream(context, { transports: ["https"] });
  const exchange = open(context, httpsTarget(upstream));
  await ask(exchange, www);
  upstream.misbehave("http-goaway", 1);
  await ask(exchange, www);
  await ask(exchange, www);
  assert.equal(clientPorts(upstream), 2);
});

test("the path and the server's name can be set", async context => {
  const upstream = await startUpstream(context, { transports: ["https"] });
  const tls = { ca: upstream.certificate.cert, serverName: "dns.test" };
  const exchange = open(context, httpsTarget(upstream, { path: "/resolve", tls }));
  await ask(exchange, www);
  const [query] = upstream.queries;
  assert.equal(query?.http?.path, "/resolve");
  assert.equal(query?.http?.authority, `dns.test:${upstream.httpsPort}`);
});

test("an upstream that never finishes its handshake times out and is left", async context => {
  const upstream = await startUpstream(context);
  const { address, port } = upstream;
  const exchange = open(context, { transport: "https", address, port });
  await askInVain(exchange, "TIMEOUT", "udp", 60);
  await upstream.connections(0);
});
