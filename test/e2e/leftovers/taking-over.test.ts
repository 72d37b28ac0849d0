/** A node changes from kube-proxy to us: connections are made all the while, and nothing of kube-proxy's stays. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { removeLeftovers } from "../../../src/proxy/leftovers/remove-leftovers.ts";
import { nftProgram } from "../../../src/proxy/nftables/nft-program.ts";
import { NftablesBackEnd } from "../../../src/proxy/nftables/nftables-back-end.ts";
import { byService, localEndpoint, plan } from "../../proxy/nftables/plan-fixture.ts";
import { plainSettings } from "../../proxy/plain-settings.ts";
import type { Outcome } from "../nftables/agent.ts";
import { addressesOf, Laboratory, laboratoryMissing } from "../nftables/laboratory.ts";
import type { ApiServerOrder } from "./api-server-process.ts";
import { machineIn } from "./machine-in.ts";

const { node, podA, podC, podNetwork, clusterIP } = addressesOf.IPv4;
const log = pino({ level: "silent" });
const kubeProxy = process.env.KUBE_PROXY;
const service: ApiServerOrder = {
  nodeName: "n1",
  nodeAddress: node,
  clusterIP: clusterIP(1),
  endpoint: podA,
};

suite("taking over", {
  skip: kubeProxy === undefined ? "KUBE_PROXY names no kube-proxy" : laboratoryMissing(),
}, () => {
  let laboratory: Laboratory;
  let apiServer: ChildProcess;
  let kubeconfig = "";

  before(async () => {
    laboratory = await Laboratory.open();
    await laboratory.serve("pod-a", { protocol: "TCP", address: podA, port: 8080 });
    const file = fileURLToPath(new URL("api-server-process.ts", import.meta.url));
    apiServer = onNode([process.execPath, file, JSON.stringify(service)], "ipc");
    [kubeconfig] = await once(apiServer, "message");
  });

  after(async () => {
    if (kubeconfig !== "") await rm(dirname(kubeconfig), { recursive: true });
    if (apiServer?.connected) apiServer.disconnect();
    await laboratory?.[Symbol.asyncDispose]();
  });

  function onNode(command: readonly string[], channel: "ipc" | "ignore"): ChildProcess {
    const [program = "", ...args] = [...laboratory.onNode, ...command];
    return spawn(program, args, { stdio: ["ignore", "ignore", "ignore", channel] });
  }

  function connect(patienceMs = 1000): Promise<Outcome> {
    const { clusterIP: address } = service;
    return laboratory.connect("pod-c", { protocol: "TCP", source: podC, address, port: 80, patienceMs });
  }

  /** Runs it until it carries connections; then it ends as if it had crashed. */
  async function runKubeProxy(mode: string): Promise<void> {
    const zero = ["max-per-core", "min", "tcp-timeout-established", "tcp-timeout-close-wait"];
    const child = onNode(
      [
        kubeProxy ?? "",
        ...[`--kubeconfig=${kubeconfig}`, "--kube-api-content-type=application/json"],
        ...[
          `--proxy-mode=${mode}`,
          `--hostname-override=${service.nodeName}`,
          `--cluster-cidr=${podNetwork}`,
        ],
        ...zero.map(name => `--conntrack-${name}=0`),
      ],
      "ignore",
    );
    const ended = once(child, "exit");
    try {
      await Promise.race([connected(), ended.then(() => assert.fail("kube-proxy ended"))]);
    } finally {
      child.kill("SIGKILL");
      await ended;
    }
  }

  async function connected(): Promise<void> {
    while ((await connect(200)).kind !== "answered") await delay(50);
  }

  /** Connects without pause until the work is done; what came of it. */
  async function outcomesDuring(work: () => Promise<void>): Promise<readonly Outcome[]> {
    let isWorking = true;
    const connectOn = async (): Promise<Outcome[]> => {
      const outcomes: Outcome[] = [];
      while (isWorking) outcomes.push(await connect());
      return outcomes;
    };
    const outcomes = Promise.all(Array.from({ length: 4 }, connectOn));
    await work().finally(() => {
      isWorking = false;
    });
    return (await outcomes).flat();
  }

  function chainsOfNode(): readonly string[] {
    const listing = laboratory.nodeOutput("nft", "list", "chains");
    return listing.match(/KUBE-[\w-]+|kube-proxy/g) ?? [];
  }

  for (const mode of ["nftables", "iptables"] as const) {
    test(`from mode ${mode} loses no connection and leaves nothing behind`, { timeout: 60_000 }, async () => {
      await runKubeProxy(mode);
      assert.ok(chainsOfNode().some(name => /^KUBE-SEP-|^kube-proxy$/.test(name)));
      const runner = nftProgram([...laboratory.onNode, "nft"]);
      const settings = {
        ...plainSettings,
        localTraffic: { kind: "networks", networks: [podNetwork] },
        nodePortAddresses: { IPv4: [node], IPv6: [] },
      } as const;
      const backEnd = new NftablesBackEnd({ settings, families: ["IPv4"], runner, log });
      const web = plan("web", { clusterIP: service.clusterIP, clusterEndpoints: [localEndpoint(podA)] });
      const outcomes = await outcomesDuring(async () => {
        await backEnd.start(byService(web));
        const { remaining } = await removeLeftovers({ log, machine: machineIn(laboratory.onNode) });
        assert.deepEqual(remaining, []);
        await delay(100);
      });
      assert.ok(outcomes.length > 20, `only ${outcomes.length} connections`);
      assert.deepEqual(
        outcomes.filter(({ kind }) => kind !== "answered"),
        [],
      );
      // kubelet's, of which kube-proxy makes a copy where there is none.
      assert.deepEqual(
        chainsOfNode().filter(name => name !== "KUBE-FIREWALL"),
        [],
      );
      await backEnd.cleanUp();
      await backEnd.stop();
      assert.notEqual((await connect(200)).kind, "answered");
    });
  }
});
