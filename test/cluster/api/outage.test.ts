import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openAccess } from "../../../src/cluster/api/kubeconfig.ts";
import { service, startRig } from "./source-rig.ts";

test("server restarted on its port is caught up with, whatever changed meanwhile", async t => {
  const rig = await startRig(t, { objects: [service("stays"), service("goes")] });
  await rig.watching();
  await rig.server.stop();
  await rig.when(() => rig.delays.length >= 3);
  assert.equal([...rig.store.objects("Service")].length, 2);
  assert.equal(rig.status("Service").state, "retrying");
  assert.match(rig.status("Service").lastError ?? "", /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
  rig.server.remove("Service", "shop", "goes");
  rig.server.put(service("comes"));
  await rig.server.restart();
  await rig.watching();
  await rig.when(() => rig.changes.length === 4);
  assert.deepEqual(rig.changes, ["+goes", "+stays", "-goes", "+comes"]);
  assert.equal(rig.status("Service").relistCount, 0);
});

test("server that stays away is retried with delays that double up to 10 s", async t => {
  const rig = await startRig(t, { prepare: server => server.stop() });
  await rig.when(() => rig.delays.length >= 10);
  assert.deepEqual(rig.delays.slice(0, 10), [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
  await rig.server.restart();
  await rig.watching();
  await rig.seesChanges();
  const before = rig.delays.length;
  await rig.server.stop();
  await rig.when(() => rig.delays.length > before);
  assert.equal(rig.delays[before], 100, "an outage that is over must not slow the next one down");
});

test("outage is logged once when it begins, once when it ends, and every 30 s between", async t => {
  let nowMs = 0;
  const rig = await startRig(t, { timing: { nowMs: () => nowMs } });
  await rig.watching();
  await rig.server.stop();
  await rig.when(() => rig.delays.length >= 20);
  nowMs = 30_000;
  const before = rig.delays.length;
  await rig.when(() => rig.delays.length >= before + 20);
  nowMs = 42_000;
  await rig.server.restart();
  await rig.watching();
  // Whether the broken stream or the refused connection is met first is the kernel's choice.
  const lines = rig.lines
    .filter(line => !line.includes("was reset"))
    .map(line => line.replace(/in \d+\.\d s/, "in N s"));
  const refused = `warn services from ${rig.server.url}: connect ECONNREFUSED ${new URL(rig.server.url).host}; retrying in N s; answers go on from the last known state`;
  assert.deepEqual(lines, [
    "info services: listed 0 in N s",
    refused,
    refused,
    "info services: watching again after 42.0 s",
  ]);
});

test("token that is rotated is read again when the server refuses the old one", async t => {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-"));
  t.after(() => rm(directory, { recursive: true }));
  const rig = await startRig(t, {
    server: { requiresToken: true, https: true },
    access: async server => openAccess({ file: await server.writeKubeconfig(directory) }),
  });
  await rig.watching();
  rig.server.token = "rotated";
  for (const watch of rig.server.watches()) watch.reset();
  await rig.when(() => rig.delays.length >= 2);
  assert.equal(
    rig.status("Service").lastError,
    "401 Unauthorized: the API server does not accept the token or certificate; is it still valid?",
  );
  await rig.server.writeKubeconfig(directory);
  await rig.watching();
  await rig.seesChanges();
});

test("token file that is missing for a while is an error like any other", async t => {
  const directory = await mkdtemp(join(tmpdir(), "frontdesk-"));
  t.after(() => rm(directory, { recursive: true }));
  const tokenFile = join(directory, "token");
  const rig = await startRig(t, {
    server: { requiresToken: true },
    access: async server => {
      const file = await server.writeKubeconfig(directory);
      await writeFile(file, server.kubeconfig().replace(/token: \S+/, "tokenFile: token"));
      return openAccess({ file });
    },
  });
  await rig.when(() => rig.delays.length >= 2);
  assert.match(
    rig.status("Service").lastError ?? "",
    /^no credentials for 127\.0\.0\.1:\d+: ENOENT: .*'.*\/token'$/,
  );
  await writeFile(tokenFile, `${rig.server.token}\n`);
  await rig.watching();
  await rig.seesChanges();
});

test("credentials plugin that hangs is an error like any other, and does not hold up the end", async t => {
  const rig = await startRig(t, {
    access: async server => ({
      server: server.url,
      credentials: () => new Promise(() => {}),
      renew: async () => {},
    }),
    timing: { answerSilenceMs: 20 },
  });
  await rig.when(() => rig.delays.length >= 2);
  assert.match(rig.status("Service").lastError ?? "", /^no credentials for .*: no answer for 0\.02 s$/);
  await rig.source.stop();
});

const answerSilenceMs = 1500;

test("server that accepts connections and says nothing, not even in TLS, is given up in time", async t => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  t.after(() => silent.close());
  const connected = once(silent, "connection");
  const rig = await startRig(t, {
    access: async () => ({
      server: `https://127.0.0.1:${port}`,
      credentials: async () => ({}),
      renew: async () => {},
    }),
    timing: { answerSilenceMs },
  });
  await connected;
  // Node's own limit would begin again with the TLS handshake, and so last twice as long.
  const twice = delay(2 * answerSilenceMs - 100, undefined, { ref: false });
  await Promise.race([twice, rig.when(() => rig.delays.length >= 1)]);
  assert.ok(rig.delays.length >= 1);
  assert.match(rig.status("Service").lastError ?? "", /^no byte from 127\.0\.0\.1:\d+ for 1\.5 s$/);
});

test("the first kind that finds the server back wakes all others", async t => {
  let sleeperCount = 0;
  const { watching } = await startRig(t, {
    kinds: ["Service", "EndpointSlice", "Namespace"],
    prepare: server => {
      server.fail({ verb: "list" }, { type: "status", code: 500 }, 3);
    },
    timing: {
      // One of them waits shortly; without its call the others would wait for ever.
      sleep: async (_delayMs, signal) => {
        sleeperCount += 1;
        if (sleeperCount < 3) await once(signal, "abort");
      },
    },
  });
  await watching();
  assert.equal(sleeperCount, 3);
});
