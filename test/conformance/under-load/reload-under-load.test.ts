/** The Corefile is edited while queries come in over every transport. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ownAddress } from "../../support/own-address.ts";
import { inPhase, outcomes, type Sample } from "./load.ts";
import { clusterName, hostsName, startReloadingServer } from "./reloading-server.ts";

const transports = ["UDP", "TCP", "TLS", "HTTPS"] as const;

/** Nothing lost or failed, and every connection kept. */
function assertUndisturbed(all: readonly (readonly Sample[])[]): void {
  for (const [index, samples] of all.entries()) {
    const over = transports[index] ?? "";
    assert.deepEqual(outcomes(samples), { NOERROR: samples.length }, over);
    assert.deepEqual([...new Set(samples.map(({ connection }) => connection))], [1], over);
  }
}

/** The answers given in a phase, each once. */
function answersIn(samples: readonly Sample[], phase: string, ask: string): readonly string[] {
  const these = inPhase(samples, phase).filter(sample => sample.ask.startsWith(ask));
  return [...new Set(these.map(({ answer }) => answer))];
}

describe("edits that are right", () => {
  test("twenty reloads by SIGUSR1 lose no query and break no connection", async context => {
    const { corefile, change, loads } = await startReloadingServer(context);
    const load = await loads([`${clusterName} A`, `${hostsName} A`], 100);
    for (let round = 1; round <= 20; round += 1) {
      load.enter("changing");
      await change(corefile({ address: `192.0.2.${round}`, ttlSeconds: round }));
      load.enter(String(round));
    }
    // A query of the last phase at least.
    await new Promise(resolve => setTimeout(resolve, 100));
    const all = await load.end();
    assertUndisturbed(all);
    for (const samples of all) {
      assert.deepEqual(answersIn(samples, "20", clusterName), [`${clusterName} 20 IN A 10.96.0.10`]);
      assert.deepEqual(answersIn(samples, "20", hostsName), [`${hostsName} 3600 IN A 192.0.2.20`]);
    }
  });

  test("a server that looks at its file by itself loses no query either", async context => {
    const wish = { more: "reload 2s 1s" };
    const { corefile, edit, loads } = await startReloadingServer(context, wish);
    const load = await loads([`${clusterName} A`, `${hostsName} A`], 100);
    await edit(corefile({ address: "192.0.2.2" }));
    await edit(corefile({ address: "192.0.2.3" }));
    load.enter("edited");
    await new Promise(resolve => setTimeout(resolve, 100));
    const all = await load.end();
    assertUndisturbed(all);
    for (const samples of all) {
      assert.deepEqual(answersIn(samples, "edited", hostsName), [`${hostsName} 3600 IN A 192.0.2.3`]);
    }
  });

  test("fifty reloads leave no descriptor, watch or memory behind", async context => {
    const { api, corefile, change, loads, resources } = await startReloadingServer(context);
    const load = await loads([`${clusterName} A`, `${hostsName} A`], 25);
    let ttlSeconds = 10;
    const reload = async (count: number) => {
      for (let round = 1; round <= count; round += 1) await change(corefile({ ttlSeconds: ttlSeconds++ }));
    };
    await reload(10);
    const before = { ...resources(), watches: api.watches().length };
    await reload(50);
    const after = { ...resources(), watches: api.watches().length };
    assertUndisturbed(await load.end());
    assert.equal(after.watches, before.watches);
    // One more or less: the server looks at its own health, a file is being read.
    assert.ok(Math.abs(after.descriptors - before.descriptors) <= 3, `${JSON.stringify([before, after])}`);
    assert.ok(after.residentKib - before.residentKib < 40_000, `${JSON.stringify([before, after])}`);
  });
});

describe("edits that are wrong", () => {
  test("each of them changes nothing that is served", async context => {
    const started = await startReloadingServer(context);
    const { corefile, change, loads, ports, directory } = started;
    const taken = createServer().listen(0, ownAddress);
    await once(taken, "listening");
    context.after(() => taken.close());
    const address = taken.address();
    const takenPort = typeof address === "object" ? address?.port : 0;
    await writeFile(join(directory, "not-a-certificate.pem"), "hello\n");
    const other = { address: "192.0.2.66", ttlSeconds: 66 };
    const wrong: Readonly<Record<string, string>> = {
      "half of it is missing": corefile(other).slice(0, corefile(other).length / 2),
      "a value makes no sense": corefile({ ...other, more: "forward . 999.0.0.1" }),
      "a certificate is not there": corefile({ ...other, tls: "tls missing.pem key.pem" }),
      "a certificate is none": corefile({ ...other, tls: "tls not-a-certificate.pem key.pem" }),
      "an address is not this machine's": corefile({ ...other, bind: "192.0.2.1" }),
      "a DNS port is taken": corefile({
        ...other,
        blocks: `.:${takenPort} {\n bind ${ownAddress}\n whoami\n}\n`,
      }),
      "a page's port is taken": corefile({ ...other, more: `health ${ownAddress}:${takenPort}` }),
    };
    const load = await loads([`${clusterName} A`, `${hostsName} A`], 50);
    for (const [what, text] of Object.entries(wrong)) {
      load.enter(what);
      await change(text, "reload failed");
      load.enter(`after: ${what}`);
      await new Promise(resolve => setTimeout(resolve, 150));
      const page = await fetch(`http://${ownAddress}:${ports.metrics}/metrics`);
      assert.equal(page.status, 200, what);
      await page.text();
    }
    const all = await load.end();
    assertUndisturbed(all);
    for (const samples of all) {
      assert.deepEqual([...new Set(samples.map(({ answer }) => answer))].sort(), [
        `${clusterName} 7 IN A 10.96.0.10`,
        `${hostsName} 3600 IN A 192.0.2.1`,
      ]);
    }
  });

  test("a file that is being written is not taken for a finished one", async context => {
    const { corefile, change, file, command, loads } = await startReloadingServer(context);
    const load = await loads([`${clusterName} A`, `${hostsName} A`], 100);
    for (let round = 1; round <= 5; round += 1) {
      // As editors and shells do it: first empty, then in pieces.
      await writeFile(file, "");
      command.process.kill("SIGUSR1");
      await new Promise(resolve => setTimeout(resolve, 20));
      await change(corefile({ address: `192.0.2.${round}` }));
    }
    assertUndisturbed(await load.end());
  });
});
