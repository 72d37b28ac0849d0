/** The process is told to stop while queries come in: what kubelet does at every rollout. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { freePort, ownAddress } from "../../support/own-address.ts";
import { outcomes } from "./load.ts";
import { clusterName, hostsName, startReloadingServer } from "./reloading-server.ts";

const lameduckMs = 2_000;

test("SIGTERM loses no query to the end of lameduck, though the API server is gone and another signal comes", async context => {
  const more = `health ${ownAddress}:${await freePort()} {\n lameduck ${lameduckMs}ms\n }`;
  const { api, command, loads } = await startReloadingServer(context, { more });
  const load = await loads([`${clusterName} A`, `${hostsName} A`], 100);
  await api.stop();
  const toldAtMs = Date.now();
  command.process.kill("SIGTERM");
  await delay(lameduckMs / 4);
  // From a sidecar that has not heard of the end.
  command.process.kill("SIGUSR1");
  const { code } = await command.ended();
  const afterMs = Date.now() - toldAtMs;
  assert.equal(code, 0);
  assert.ok(afterMs >= lameduckMs, `ended after ${afterMs} ms`);
  for (const samples of await load.end()) {
    const inTime = samples.filter(({ sentAtMs }) => sentAtMs < toldAtMs + lameduckMs);
    assert.ok(inTime.length > 100);
    assert.deepEqual(outcomes(inTime), { NOERROR: inTime.length });
  }
});

test("SIGTERM without lameduck answers what is under way and ends with code 0", async context => {
  const { command, loads } = await startReloadingServer(context);
  const load = await loads([`${clusterName} A`], 50);
  assert.equal((await command.stop("SIGTERM")).code, 0);
  await load.end();
});
