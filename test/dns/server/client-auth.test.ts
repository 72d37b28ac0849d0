/** `client_auth` of the word `tls`: whom encrypted listeners let in, and with which certificate they show themselves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeTestCertificate } from "../../support/test-certificate.ts";
import { askHttp2, askTls, certificate, expected, get, startEncrypted } from "./encrypted-server.ts";

const stranger = makeTestCertificate("DNS:stranger.test");
const identities = {
  "no certificate": {},
  "a certificate of the authority": { cert: certificate.cert, key: certificate.key },
  "a stranger's certificate": { cert: stranger.cert, key: stranger.key },
} as const;

const welcome = {
  nocert: ["no certificate", "a certificate of the authority", "a stranger's certificate"],
  request: ["no certificate", "a certificate of the authority", "a stranger's certificate"],
  require: ["a certificate of the authority", "a stranger's certificate"],
  verify_if_given: ["no certificate", "a certificate of the authority"],
  require_and_verify: ["a certificate of the authority"],
} as const;

for (const [mode, letIn] of Object.entries(welcome)) {
  const options = `tls PAIR CA {\n client_auth ${mode}\n }`;

  test(`client_auth ${mode} over TLS lets in: ${letIn.join(", ")}`, async context => {
    const { port } = await startEncrypted(context, "tls", options);
    for (const [who, identity] of Object.entries(identities)) {
      const answer = await askTls(port, identity).catch(() => "refused");
      assert.deepEqual(answer, (letIn as readonly string[]).includes(who) ? expected : "refused", who);
    }
  });

  test(`client_auth ${mode} over HTTPS lets in the same`, async context => {
    const { port } = await startEncrypted(context, "https", options);
    for (const [who, identity] of Object.entries(identities)) {
      const status = await askHttp2(port, get, undefined, identity).then(
        answer => answer.status,
        () => "refused",
      );
      assert.equal(status, (letIn as readonly string[]).includes(who) ? 200 : "refused", who);
    }
  });
}

for (const [scheme, ask] of [
  ["tls", askTls],
  [
    "https",
    async (port: number, identity: object) => (await askHttp2(port, get, undefined, identity)).status,
  ],
] as const) {
  test(`another certificate is shown by the open ${scheme} listener as soon as it is applied`, async context => {
    const { port, change } = await startEncrypted(context, scheme, "tls PAIR");
    const next = makeTestCertificate("DNS:dns.test");
    await ask(port, {});
    await assert.rejects(ask(port, { ca: next.cert }), /self-signed certificate/);
    await change("tls PAIR", next);
    await ask(port, { ca: next.cert });
    await assert.rejects(ask(port, {}), /self-signed certificate/);
  });

  test(`client_auth that becomes stricter soon holds for new ${scheme} connections`, {
    timeout: 10_000,
  }, async context => {
    const { port, change } = await startEncrypted(context, scheme, "tls PAIR");
    const isLetIn = () =>
      ask(port, {}).then(
        () => true,
        () => false,
      );
    assert.equal(await isLetIn(), true);
    await change("tls PAIR CA {\n client_auth require_and_verify\n }");
    // One socket takes the place of another: a connection may still have gone to the first.
    while (await isLetIn());
    await ask(port, identities["a certificate of the authority"]);
    assert.equal(await isLetIn(), false);
  });
}

test("files that are no certificate and its key keep the server from starting, at the place of tls", async context => {
  const { change, port } = await startEncrypted(context, "tls", "tls PAIR");
  const { cert } = stranger;
  await assert.rejects(
    change("tls PAIR", { cert, key: certificate.key }),
    /:4:2: tls: .*no certificate and its key/,
  );
  assert.deepEqual(await askTls(port), expected);
});
