/** The proxy ends, begins again, loses the API server, nft or its rules; connections go on. */

import assert from "node:assert/strict";
import { after, before, beforeEach, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../support/until.ts";
import { addressesOf, families, nodes } from "./addresses.ts";
import { service, slices } from "./cluster-objects.ts";
import { allMet, assertMet } from "./encounters.ts";
import { flushRules, Laboratory } from "./laboratory.ts";
import { metricPage, metricValue } from "./metric-page.ts";
import { laboratoryMissing, run, within } from "./networks.ts";
import { endLoads, OngoingConversation, OngoingLoad } from "./ongoing.ts";
import { isKubeProxy, notKubeProxys, syncPeriodMs } from "./proxy-process.ts";

/** What a busy machine may take besides. */
const slackMs = 5_000;
const healthz = "http://127.0.0.1:10256/healthz";

suite("life cycle", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;

  before(async () => {
    laboratory = await Laboratory.open([service("web", 1), ...slices("web", ["pod-1b", "pod-2b"])]);
  });
  after(() => laboratory?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    for (const name of nodes) laboratory.proxies[name].start();
    await laboratory.apply(...slices("web", ["pod-1b", "pod-2b"]));
  });

  /** Clients of the Service with this number, by ways that lead over both nodes. */
  async function beginClients(number: number) {
    const questions = families.flatMap(family => [
      { family, protocol: "TCP", number, from: "pod-1a", way: "cluster-ip" } as const,
      { family, protocol: "UDP", number, from: "pod-1a", way: "cluster-ip" } as const,
      { family, protocol: "TCP", number, from: "outside", way: "node-port@node2" } as const,
    ]);
    return {
      loads: await Promise.all(questions.map(question => OngoingLoad.begin(laboratory, question))),
      conversations: await Promise.all(
        questions.map(question => OngoingConversation.begin(laboratory, question)),
      ),
    };
  }

  type Clients = Awaited<ReturnType<typeof beginClients>>;

  /** No new connection has failed, and the old ones are still talking. */
  async function endClients({ loads, conversations }: Clients, pods: readonly string[]): Promise<void> {
    await Promise.all(conversations.map(conversation => conversation.untilAnswered()));
    await endLoads(loads, pods);
    await Promise.all(conversations.map(conversation => conversation.end()));
  }

  async function nodePortOnNode1(source: string, address: string): Promise<string> {
    const attempt = { protocol: "TCP", source, address, port: 30_001, patienceMs: 900 } as const;
    return (await laboratory.connect("node1", attempt)).kind;
  }

  test("a killed proxy is missed by nobody, and the next one knows what has changed meanwhile", async () => {
    const clients = await beginClients(1);
    for (const name of nodes) await laboratory.proxies[name].stop("SIGKILL");
    await laboratory.put(...slices("web", ["pod-1b", "pod-2b", "pod-2a"]));
    await Promise.all(clients.loads.map(load => load.untilAnswered(20)));
    for (const name of nodes) laboratory.proxies[name].start();
    await laboratory.settle();
    await endClients(clients, ["pod-1b", "pod-2a", "pod-2b"]);
    for (const family of families) {
      const question = { family, protocol: "TCP", number: 1 } as const;
      assert.deepEqual(await allMet(laboratory, question), ["pod-1b", "pod-2a", "pod-2b"]);
    }
  });

  test("a proxy that is killed again and again while Services change fails no connection", async () => {
    const clients = await beginClients(1);
    for (let round = 0; round < 2; round++) {
      const number = 50 + round;
      await laboratory.apply(service(`more-${round}`, number), ...slices(`more-${round}`, ["pod-2a"]));
      for (const name of nodes) {
        await laboratory.proxies[name].stop("SIGKILL");
        laboratory.proxies[name].start();
      }
      await laboratory.remove("Service", `more-${round}`);
      await laboratory.settle();
      await assertMet(laboratory, { number }, "silence");
    }
    await endClients(clients, ["pod-1b", "pod-2b"]);
  });

  test("UDP flows leave an endpoint that went while no proxy was running", async () => {
    await laboratory.apply(service("flows", 2), ...slices("flows", ["pod-1b"]));
    const flows = await Promise.all(
      families.map(family => OngoingConversation.begin(laboratory, { family, protocol: "UDP", number: 2 })),
    );
    await laboratory.proxies.node1.stop("SIGKILL");
    await laboratory.put(...slices("flows", ["pod-2b"]));
    laboratory.proxies.node1.start();
    for (const flow of flows) {
      await flow.untilAnsweredBy("pod-2b");
      await flow.end();
    }
    await laboratory.settle();
  });

  test("SIGTERM ends the proxy in peace and leaves its rules at work", async () => {
    const clients = await beginClients(1);
    // kube-proxy does not look at signals.
    assert.equal(await laboratory.proxies.node1.stop("SIGTERM"), isKubeProxy ? null : 0);
    await Promise.all(clients.loads.map(load => load.untilAnswered(20)));
    laboratory.proxies.node1.start();
    await laboratory.settle();
    await endClients(clients, ["pod-1b", "pod-2b"]);
  });

  test("--cleanup removes the proxy's rules and nobody else's", async () => {
    run([...within("node1"), "nft", "add", "table", "inet", "somebody-elses"]);
    await laboratory.proxies.node1.stop("SIGTERM");
    assert.notEqual(laboratory.proxies.node1.ruleset(), "table inet somebody-elses {\n}\n");
    assert.equal(laboratory.proxies.node1.cleanUp(), 0);
    assert.equal(laboratory.proxies.node1.ruleset(), "table inet somebody-elses {\n}\n");
    await assertMet(laboratory, { number: 1 }, "silence");
    laboratory.proxies.node1.start();
    await laboratory.settle();
    run([...within("node1"), "nft", "delete", "table", "inet", "somebody-elses"]);
    await laboratory.apply(...slices("web", ["pod-2b"]));
    await assertMet(laboratory, { number: 1 }, "pod-2b");
  });

  test("an API server that is gone for a while is missed by nobody", async () => {
    const clients = await beginClients(1);
    await laboratory.stopApiServer();
    await sleep(3000);
    assert.equal((await laboratory.get("node1", healthz))?.status, 200);
    await laboratory.put(service("meanwhile", 3), ...slices("meanwhile", ["pod-2b"]));
    await laboratory.restartApiServer();
    await laboratory.settle();
    await assertMet(laboratory, { number: 3 }, "pod-2b");
    await endClients(clients, ["pod-1b", "pod-2b"]);
  });

  test("nft that fails is counted at once, told by /healthz after two sync periods, and made up for", async () => {
    const failures = async () => {
      const page = await metricPage(laboratory, "node1");
      return metricValue(page, "kubeproxy_sync_proxy_rules_nftables_sync_failures_total");
    };
    const status = async (page = healthz) => (await laboratory.get("node1", page))?.status;
    const clients = await beginClients(1);
    const failuresBefore = await failures();
    const { node1 } = laboratory.proxies;
    const brokenSinceMs = Date.now();
    node1.breakNft();
    await laboratory.put(service("failed", 4), ...slices("failed", ["pod-2b"]));
    await until("a failure is counted", async () => (await failures()) > failuresBefore);
    await laboratory.settle(["node2"]);
    await until("/healthz says 503", async () => {
      const found = await status();
      if (Date.now() < brokenSinceMs + 1.8 * syncPeriodMs) assert.equal(found, 200);
      return found === 503;
    });
    assert.equal(await status("http://127.0.0.1:10256/livez"), 503);
    node1.mendNft();
    await until("/healthz says 200", async () => (await status()) === 200);
    await laboratory.settle();
    await assertMet(laboratory, { number: 4 }, "pod-2b");
    await endClients(clients, ["pod-1b", "pod-2b"]);
  });

  test(
    "rules that somebody takes away are back within the sync period",
    notKubeProxys("it does not look until its next full synchronization"),
    async () => {
      flushRules("node1");
      const start = Date.now();
      await until("the Service answers", async () => {
        const question = {
          family: "IPv4",
          protocol: "TCP",
          number: 1,
          from: "node1",
          patienceMs: 200,
        } as const;
        return (await allMet(laboratory, question, 4)).every(pod => pod.startsWith("pod-"));
      });
      assert.ok(Date.now() - start < syncPeriodMs + slackMs, `${Date.now() - start} ms`);
      await laboratory.apply(...slices("web", ["pod-2b"]));
      await assertMet(laboratory, { number: 1 }, "pod-2b");
    },
  );

  test(
    "rules that cannot be put back are told by /healthz after two sync periods",
    notKubeProxys("it does not look until its next full synchronization"),
    async () => {
      const { node1 } = laboratory.proxies;
      const status = async () => (await laboratory.get("node1", healthz))?.status;
      node1.breakNft();
      flushRules("node1");
      try {
        // One period until it looks, and two until it complains.
        await until("/healthz says 503", async () => (await status()) === 503, 3 * syncPeriodMs + slackMs);
      } finally {
        node1.mendNft();
      }
      await until("/healthz says 200", async () => (await status()) === 200);
      await laboratory.settle();
    },
  );

  test(
    "nft that fails at the start is made up for as soon as it works",
    notKubeProxys("it ends, for its Pod to be started again"),
    async () => {
      const { node1 } = laboratory.proxies;
      await node1.stop("SIGTERM");
      assert.equal(node1.cleanUp(), 0);
      node1.breakNft();
      node1.start();
      try {
        await until("/livez answers", async () => {
          return (await laboratory.get("node1", "http://127.0.0.1:10256/livez")) !== undefined;
        });
        await sleep(2000);
      } finally {
        node1.mendNft();
      }
      await laboratory.settle();
    },
  );

  test("the kernel tracks connections as long as the configuration says", () => {
    const setting = (name: string) =>
      run([...within("node1"), "sysctl", "-n", `net.netfilter.nf_conntrack_tcp_timeout_${name}`]).trim();
    assert.equal(setting("established"), "86400");
    assert.equal(setting("close_wait"), "3600");
  });

  test(
    "a proxy ends when its file changes, and the next one goes by it: kubeadm's has node ports on all addresses",
    notKubeProxys("it would need iptables"),
    async () => {
      const { node1 } = laboratory.proxies;
      const { nodes: nodeAddresses, gateways } = addressesOf.IPv4;
      assert.equal(await nodePortOnNode1(nodeAddresses.node1, gateways.node1), "refused");
      assert.equal(await nodePortOnNode1("127.0.0.1", "127.0.0.1"), "refused");
      node1.configure("kubeadm");
      assert.equal(await node1.ended(), 0);
      node1.start();
      await laboratory.settle();
      assert.equal(await nodePortOnNode1(nodeAddresses.node1, gateways.node1), "answered");
      assert.equal((await laboratory.get("node1", "http://127.0.0.1:10249/proxyMode"))?.status, 200);
    },
  );

  test(
    "node ports answer on the loopback address where kubeadm's file has them there, in IPv4",
    notKubeProxys("it would need iptables"),
    async () => {
      await laboratory.proxies.node1.stop("SIGTERM");
      laboratory.proxies.node1.configure("kubeadm");
      laboratory.proxies.node1.start();
      await laboratory.settle();
      // Its sockets may open a moment after the kernel's rules are there.
      await until("an answer", async () => (await nodePortOnNode1("127.0.0.1", "127.0.0.1")) === "answered");
      assert.equal(await nodePortOnNode1("::1", "::1"), "refused");
    },
  );
});
