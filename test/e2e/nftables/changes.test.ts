/** A table that lives: changes, restarts and accidents, with real connections all the while. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import fc from "fast-check";
import { pino } from "pino";
import { missingRequirements } from "../../../src/proxy/nftables/missing-requirements.ts";
import { nftProgram } from "../../../src/proxy/nftables/nft-program.ts";
import type { NftRunner } from "../../../src/proxy/nftables/nft-runner.ts";
import { NftablesBackEnd } from "../../../src/proxy/nftables/nftables-back-end.ts";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import type { ServicePortPlan, UsableEndpoint } from "../../../src/proxy/plan/service-port-plan.ts";
import { anyChange } from "../../proxy/nftables/any-change.ts";
import { byService, localEndpoint, plan, remoteEndpoint } from "../../proxy/nftables/plan-fixture.ts";
import { plainSettings } from "../../proxy/plain-settings.ts";
import type { Outcome } from "./agent.ts";
import type { Place } from "./laboratory.ts";
import { addressesOf, Laboratory, laboratoryMissing } from "./laboratory.ts";

const { node, podA, podB, podC, remotePod, clients, podNetwork, serviceNetwork } = addressesOf.IPv4;
const settings: ProxySettings = {
  ...plainSettings,
  localTraffic: { kind: "networks", networks: [podNetwork] },
  nodePortAddresses: { IPv4: [node], IPv6: [] },
  serviceCIDRs: [serviceNetwork],
};
const log = pino({ level: "silent" });

suite("a living table", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;
  let runner: NftRunner;
  let backEnd: NftablesBackEnd;

  before(async () => {
    laboratory = await Laboratory.open();
    runner = nftProgram([...laboratory.onNode, "nft"]);
    backEnd = open();
    for (const [place, address] of [
      ["pod-a", podA],
      ["pod-b", podB],
      ["remote", remotePod],
    ] as const) {
      for (const port of [8080, 8081]) await laboratory.serve(place, { protocol: "TCP", address, port });
    }
  });

  after(async () => {
    await runner?.close();
    await laboratory?.[Symbol.asyncDispose]();
  });

  function open(): NftablesBackEnd {
    return new NftablesBackEnd({ settings, families: ["IPv4"], runner, log });
  }

  function connect(
    place: Place,
    source: string,
    address: string,
    port = 80,
    patienceMs = 10_000,
  ): Promise<Outcome> {
    return laboratory.connect(place, { protocol: "TCP", source, address, port, patienceMs });
  }

  async function endpointsSeen(count: number, address: string, port?: number): Promise<readonly string[]> {
    const outcomes: Outcome[] = [];
    for (let i = 0; i < count; i++) outcomes.push(await connect("outside", clients[1], address, port));
    return outcomes.map(outcome => (outcome.kind === "answered" ? outcome.endpoint : outcome.kind));
  }

  /** Connects without pause until the work is done; what came of those that did not succeed. */
  async function failuresDuring(address: string, work: () => Promise<void>): Promise<readonly Outcome[]> {
    let isWorking = true;
    const connectOn = async (): Promise<Outcome[]> => {
      const outcomes: Outcome[] = [];
      // Less than the time after which a first packet that was lost would be sent again.
      while (isWorking) outcomes.push(await connect("pod-c", podC, address, 80, 900));
      return outcomes;
    };
    const outcomes = Promise.all(Array.from({ length: 8 }, connectOn));
    await work();
    isWorking = false;
    const all = (await outcomes).flat();
    assert.ok(all.length > 50, `only ${all.length} connections`);
    return all.filter(({ kind }) => kind !== "answered");
  }

  test("connections spread over all endpoints", async () => {
    const endpoints = [localEndpoint(podA), localEndpoint(podB), remoteEndpoint(remotePod)];
    await backEnd.start(byService(plan("web", { clusterIP: "10.96.0.1", clusterEndpoints: endpoints })));
    const seen = Map.groupBy(await endpointsSeen(90, "10.96.0.1"), endpoint => endpoint);
    assert.deepEqual([...seen.keys()].sort(), [podA, podB, remotePod]);
    for (const [endpoint, { length }] of seen) assert.ok(length > 6, `${endpoint}: ${length}`);
  });

  test("all endpoints replaced over and over fail no connection", async () => {
    const all: readonly UsableEndpoint[] = [podA, podB, remotePod].flatMap(address =>
      [8080, 8081].map(port => localEndpoint(address, port)),
    );
    const failures = await failuresDuring("10.96.0.1", async () => {
      for (let round = 0; round < 120; round++) {
        const endpoints = all.filter((_, i) => (i + round) % (2 + (round % 4)) === 0);
        await backEnd.update(byService(plan("web", { clusterIP: "10.96.0.1", clusterEndpoints: endpoints })));
      }
    });
    assert.deepEqual(failures, []);
  });

  test("a restart fails no connection, and other tables are not touched", async () => {
    laboratory.nodeOutput("nft", "add table ip somebody-else; add chain ip somebody-else here");
    const web = plan("web", { clusterIP: "10.96.0.1", clusterEndpoints: [localEndpoint(podA)] });
    const failures = await failuresDuring("10.96.0.1", async () => {
      for (let i = 0; i < 5; i++) {
        backEnd = open();
        await backEnd.start(byService(web));
      }
    });
    assert.deepEqual(failures, []);
    assert.match(laboratory.nodeOutput("nft", "list", "tables"), /table ip somebody-else/);
  });

  test("a Service that loses its endpoints refuses, and serves again when one comes", async () => {
    const web = (fields: Partial<ServicePortPlan>) =>
      backEnd.update(byService(plan("web", { clusterIP: "10.96.0.1", ...fields })));
    await web({});
    assert.deepEqual(await endpointsSeen(20, "10.96.0.1"), Array(20).fill("refused"));
    await web({ clusterEndpoints: [localEndpoint(podB)] });
    assert.deepEqual(await endpointsSeen(2, "10.96.0.1"), [podB, podB]);
    await backEnd.update(new Map([["default/web", []]]));
    const gone = await connect("outside", clients[1], "10.96.0.1", 80, 500);
    assert.equal(gone.kind, "silence");
  });

  test("neither the mark's bit nor the priority is left on what goes out", async () => {
    const rules = ["meta mark & 0x4000 != 0 counter", "meta priority & 0xc0000000 == 0x40000000 counter"];
    const table = "ip somebody-else";
    const chain = "watch { type filter hook postrouting priority 300; }";
    const commands = [
      `add chain ${table} ${chain}`,
      ...[...rules, "counter"].map(rule => `add rule ${table} watch ${rule}`),
    ];
    laboratory.nodeOutput("nft", commands.join("; "));
    const fields = { affinityTimeoutSeconds: 60, clusterEndpoints: [remoteEndpoint(remotePod)] };
    await backEnd.update(
      byService(
        plan("web", { clusterIP: "10.96.0.1", nodePort: 30080, ...fields }),
        plan("plain", { clusterIP: "10.96.0.2", clusterEndpoints: fields.clusterEndpoints }),
      ),
    );
    for (const address of ["10.96.0.1", "10.96.0.2"]) {
      assert.equal((await connect("node", node, address)).kind, "answered");
      assert.equal((await connect("outside", clients[1], address)).kind, "answered");
    }
    const counts = laboratory.nodeOutput("nft", "list", "chain", "ip", "somebody-else", "watch");
    const packets = [...counts.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count));
    assert.deepEqual(packets.slice(0, 2), [0, 0]);
    assert.ok((packets[2] ?? 0) > 10);
  });

  test("a table deleted by somebody is missed by an update, or found by repair, and made again", async () => {
    const web = plan("web", { clusterIP: "10.96.0.1", clusterEndpoints: [localEndpoint(podA)] });
    await backEnd.update(byService(web));
    laboratory.nodeOutput("nft", "delete table ip frontdesk");
    assert.deepEqual(await backEnd.repair(), ["IPv4"]);
    assert.deepEqual(await endpointsSeen(1, "10.96.0.1"), [podA]);
    laboratory.nodeOutput("nft", "delete table ip frontdesk");
    const moved = byService({ ...web, clusterEndpoints: [localEndpoint(podB)] });
    await assert.rejects(backEnd.update(moved), /^BackEndError: IPv4: No such file or directory: /);
    await backEnd.update(moved);
    assert.deepEqual(await endpointsSeen(1, "10.96.0.1"), [podB]);
  });

  test("the kernel takes every change that the model makes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { minLength: 1, maxLength: 12 }), async changes => {
        for (const change of changes) await backEnd.update(change);
      }),
      { numRuns: 25 },
    );
  });

  test("what nft has to be able to do is asked without a trace", async () => {
    const families = ["IPv4", "IPv6"] as const;
    assert.deepEqual(await missingRequirements(runner, families, settings), new Map());
    assert.doesNotMatch(laboratory.nodeOutput("nft", "list", "tables"), /trial/);
    const none = nftProgram(["/nonexistent/nft"]);
    const missing = await missingRequirements(none, ["IPv4"], settings);
    assert.match(
      missing.get("IPv4") ?? "",
      /^The program nft cannot be run \(.*ENOENT\): install nftables 1\.0\.6/,
    );
  });

  test("cleanUp leaves other tables and no rule of ours", async () => {
    await backEnd.cleanUp();
    assert.equal(laboratory.nodeOutput("nft", "list", "tables"), "table ip somebody-else\n");
  });
});
