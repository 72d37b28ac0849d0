/** Which UDP listener a server gets. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { isKnownMachine } from "../../../src/dns/server/datagrams/linux-layout.ts";
import type { SystemCalls } from "../../../src/dns/server/datagrams/system-calls.ts";
import type { UDPKind } from "../../../src/dns/server/listener.ts";
import { UDPSockets } from "../../../src/dns/server/udp.ts";
import { ownAddress } from "../../support/own-address.ts";
import { echo } from "./udp-rig.ts";

const skip = !isKnownMachine(process.platform, process.arch) && "batches are for Linux on x64 and arm64";

/** Opens two, and gives their kinds and what was logged. */
async function openTwo(context: TestContext, wanted: UDPKind | undefined, load?: () => Promise<SystemCalls>) {
  const lines: string[] = [];
  const write = (text: string) => {
    const { level, msg } = JSON.parse(text) as Record<string, unknown>;
    lines.push(`${level} ${msg}`);
  };
  const log = pino({ base: null }, { write });
  const sockets = new UDPSockets(wanted, log, load);
  const options = { address: ownAddress, port: 0, respond: echo, shortcut: undefined, log };
  const listeners = await Promise.all([sockets.listen(options), sockets.listen(options)]);
  for (const listener of listeners) context.after(() => listener.close());
  return { kinds: listeners.map(({ kind }) => kind), lines };
}

const missing = () => Promise.reject(new Error("Cannot find package 'koffi'\nand more"));

test("batches are the choice where they can be had, and told once", { skip }, async context => {
  assert.deepEqual(await openTwo(context, undefined), {
    kinds: ["batched", "batched"],
    lines: ["30 UDP listener: batched, by recvmmsg and sendmmsg"],
  });
});

test("without koffi there is the portable listener, and a line that says why", { skip }, async context => {
  assert.deepEqual(await openTwo(context, undefined, missing), {
    kinds: ["portable", "portable"],
    lines: ["40 UDP listener: portable; batches cannot be had: Cannot find package 'koffi'"],
  });
});

test("the portable listener can be asked for, and nothing is loaded then", async context => {
  const load = () => assert.fail("it was loaded");
  assert.deepEqual(await openTwo(context, "portable", load), {
    kinds: ["portable", "portable"],
    lines: ["30 UDP listener: portable; it is what was asked for"],
  });
});

test("batches that are asked for and cannot be had are an error", { skip }, async context => {
  await assert.rejects(openTwo(context, "batched", missing), /batches cannot be had: Cannot find package/);
});
