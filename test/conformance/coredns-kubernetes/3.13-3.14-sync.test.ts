/** What is answered before the cluster is known, while it changes, and after the API server has gone. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { endpointSlice, externalNameService, namespace, service } from "../../support/cluster-fixtures.ts";
import { isOk } from "../../support/subject.ts";
import {
  answers,
  type Cluster,
  type Expectation,
  eventuallyAnswers,
  nodata,
  nxdomain,
  refused,
  soa,
  useCluster,
} from "../conformance-case.ts";

const web = service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] });
const peers = service("shop", "peers", { clusterIPs: ["None"], ports: ["gossip 7946"] });
const peersSlice = endpointSlice("shop", "peers", {
  ports: ["gossip 7946"],
  endpoints: [{ addresses: ["10.244.1.1"], hostname: "peer-0" }],
});

const answersWeb: Expectation = { answer: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10" };
const answersPeers: Expectation = { answer: "peers.shop.svc.cluster.local. 5 IN A 10.244.1.1" };
/** Never a name error that a resolver would remember: what is not known yet may well exist. */
const notSynced: Expectation = { rcode: "SERVFAIL", authority: soa() };

/** Subtests take the concurrency of what they are in; the last of these changes what the others ask about. */
const inTurn = { concurrency: false };

/** Side by side, because a server waits some seconds for the lists before it listens without them. */
describe("before the lists have come", { concurrency: true }, () => {
  describe("EndpointSlices that cannot be listed", inTurn, () => {
    let release = () => {};
    const cluster = useCluster({
      objects: [namespace("shop"), web, peers, peersSlice],
      awaitReady: false,
      pods: "insecure",
      prepare: api => {
        const failure = { type: "status", code: 500 } as const;
        // Newer clients ask for the first state by a watch instead of a list.
        release = api.fail(
          ({ resource }) => resource?.name === "endpointslices",
          failure,
          Number.POSITIVE_INFINITY,
        );
      },
    });

    answers(cluster, [
      { name: "A of a known Service answers", ask: "web.shop.svc.cluster.local. A", ...answersWeb },
      {
        name: "PTR of a known Service answers",
        ask: "10.0.96.10.in-addr.arpa. PTR",
        answer: "10.0.96.10.in-addr.arpa. 5 IN PTR web.shop.svc.cluster.local.",
      },
      {
        name: "dns-version answers",
        ask: "dns-version.cluster.local. TXT",
        answer: 'dns-version.cluster.local. 28800 IN TXT "1.1.0"',
      },
      {
        name: "A of a pod name answers",
        ask: "10-1-2-3.shop.pod.cluster.local. A",
        answer: "10-1-2-3.shop.pod.cluster.local. 5 IN A 10.1.2.3",
      },
      { name: "A of a node of the tree is empty", ask: "svc.cluster.local. A", ...nodata },
      { name: "AAAA of a known IPv4 Service is empty", ask: "web.shop.svc.cluster.local. AAAA", ...nodata },
      { name: "A of an unknown Service fails", ask: "none.shop.svc.cluster.local. A", ...notSynced },
      { name: "A in an unknown namespace fails", ask: "web.none.svc.cluster.local. A", ...notSynced },
      { name: "A of a headless Service fails", ask: "peers.shop.svc.cluster.local. A", ...notSynced },
      { name: "SRV of an unknown port fails", ask: "_x._tcp.web.shop.svc.cluster.local. SRV", ...notSynced },
      {
        name: "PTR of an unknown address fails",
        ask: "99.0.96.10.in-addr.arpa. PTR",
        ...notSynced,
        authority: soa("in-addr.arpa."),
      },
      { name: "A outside the zones is refused", ask: "www.example.com. A", ...refused },
    ]);

    test("server is alive and not ready", async () => {
      assert.equal(await isOk(cluster.subject.healthUrl), true);
      assert.equal(await isOk(cluster.subject.readyUrl), false);
    });

    test("everything answers once the list comes", async () => {
      release();
      await eventuallyAnswers(cluster, "peers.shop.svc.cluster.local. A", answersPeers, 20_000);
      await eventuallyAnswers(cluster, "none.shop.svc.cluster.local. A", nxdomain);
      await eventuallyReady(cluster);
    });
  });

  describe("EndpointSlices whose list hangs", inTurn, () => {
    const cluster = useCluster({
      objects: [namespace("shop"), web, peers, peersSlice],
      awaitReady: false,
      prepare: api => {
        const silence = { type: "hang", headers: true } as const;
        api.fail(({ resource }) => resource?.name === "endpointslices", silence, Number.POSITIVE_INFINITY);
      },
    });

    answers(cluster, [
      { name: "A of a known Service answers", ask: "web.shop.svc.cluster.local. A", ...answersWeb },
      { name: "A of an unknown Service fails", ask: "none.shop.svc.cluster.local. A", ...notSynced },
      { name: "A of a headless Service fails", ask: "peers.shop.svc.cluster.local. A", ...notSynced },
    ]);
  });
});

async function eventuallyReady(cluster: Cluster): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await isOk(cluster.subject.readyUrl))) {
    assert.ok(Date.now() < deadline, `not ready:\n${cluster.subject.output()}`);
  }
}

describe("changes", () => {
  const cluster = useCluster({ objects: [namespace("shop"), web], pods: "insecure" });

  test("Service that comes, changes and goes is answered accordingly", async () => {
    const ask = "late.shop.svc.cluster.local. A";
    await eventuallyAnswers(cluster, ask, nxdomain);
    cluster.api.put(service("shop", "late", { clusterIPs: ["10.96.0.20"], ports: ["http 80"] }));
    await eventuallyAnswers(cluster, ask, { answer: "late.shop.svc.cluster.local. 5 IN A 10.96.0.20" });
    cluster.api.put(service("shop", "late", { clusterIPs: ["10.96.0.21"], ports: ["http 80"] }));
    await eventuallyAnswers(cluster, ask, { answer: "late.shop.svc.cluster.local. 5 IN A 10.96.0.21" });
    await eventuallyAnswers(cluster, "20.0.96.10.in-addr.arpa. PTR", {
      ...nxdomain,
      authority: soa("in-addr.arpa."),
    });
    await eventuallyAnswers(cluster, "21.0.96.10.in-addr.arpa. PTR", {
      answer: "21.0.96.10.in-addr.arpa. 5 IN PTR late.shop.svc.cluster.local.",
    });
    cluster.api.remove("Service", "shop", "late");
    await eventuallyAnswers(cluster, ask, nxdomain);
  });

  test("endpoints that come, change and go are answered accordingly", async () => {
    const ask = "peers.shop.svc.cluster.local. A";
    cluster.api.put(peers);
    await eventuallyAnswers(cluster, ask, nxdomain);
    cluster.api.put(peersSlice);
    await eventuallyAnswers(cluster, ask, answersPeers);
    cluster.api.put(
      endpointSlice("shop", "peers", {
        ports: ["gossip 7946"],
        endpoints: [{ addresses: ["10.244.1.1"], hostname: "peer-0", ready: false }, "10.244.1.2"],
      }),
    );
    await eventuallyAnswers(cluster, ask, { answer: "peers.shop.svc.cluster.local. 5 IN A 10.244.1.2" });
    await eventuallyAnswers(cluster, "peer-0.peers.shop.svc.cluster.local. A", nxdomain);
    cluster.api.remove("EndpointSlice", "shop", "peers-x7k2p");
    await eventuallyAnswers(cluster, ask, nxdomain);
  });

  test("namespace that comes and goes shows and hides its Services", async () => {
    const ask = "web.later.svc.cluster.local. A";
    cluster.api.put(service("later", "web", { clusterIPs: ["10.96.0.30"], ports: ["http 80"] }));
    await eventuallyAnswers(cluster, ask, nxdomain);
    cluster.api.put(namespace("later"));
    await eventuallyAnswers(cluster, ask, { answer: "web.later.svc.cluster.local. 5 IN A 10.96.0.30" });
    cluster.api.remove("Namespace", "", "later");
    await eventuallyAnswers(cluster, ask, nxdomain);
  });

  test("Service that turns headless, and then to an external name, is answered accordingly", async () => {
    const ask = "turning.shop.svc.cluster.local. A";
    cluster.api.put(endpointSlice("shop", "turning", { ports: ["http 80"], endpoints: ["10.244.1.9"] }));
    cluster.api.put(service("shop", "turning", { clusterIPs: ["10.96.0.40"], ports: ["http 80"] }));
    await eventuallyAnswers(cluster, ask, { answer: "turning.shop.svc.cluster.local. 5 IN A 10.96.0.40" });
    cluster.api.put(service("shop", "turning", { clusterIPs: ["None"], ports: ["http 80"] }));
    await eventuallyAnswers(cluster, ask, { answer: "turning.shop.svc.cluster.local. 5 IN A 10.244.1.9" });
    cluster.api.put(externalNameService("shop", "turning", "www.example.com"));
    await eventuallyAnswers(cluster, ask, {
      answer: "turning.shop.svc.cluster.local. 5 IN CNAME www.example.com.",
    });
  });

  test("many changes at once end in the last state", async () => {
    for (let round = 1; round <= 50; round++) {
      cluster.api.put(service("shop", "busy", { clusterIPs: [`10.96.1.${round}`], ports: ["http 80"] }));
    }
    await eventuallyAnswers(cluster, "busy.shop.svc.cluster.local. A", {
      answer: "busy.shop.svc.cluster.local. 5 IN A 10.96.1.50",
    });
  });
});

describe("API server that goes away", () => {
  const cluster = useCluster({ objects: [namespace("shop"), web, peers, peersSlice] });

  test("answers go on, and changes are caught up with when it is back", async () => {
    await eventuallyAnswers(cluster, "web.shop.svc.cluster.local. A", answersWeb);
    await cluster.api.stop();
    await eventuallyAnswers(cluster, "web.shop.svc.cluster.local. A", answersWeb);
    await eventuallyAnswers(cluster, "peers.shop.svc.cluster.local. A", answersPeers);
    await eventuallyAnswers(cluster, "none.shop.svc.cluster.local. A", nxdomain);
    assert.equal(await isOk(cluster.subject.readyUrl), true);
    cluster.api.put(service("shop", "missed", { clusterIPs: ["10.96.0.50"], ports: ["http 80"] }));
    await cluster.api.restart();
    await eventuallyAnswers(
      cluster,
      "missed.shop.svc.cluster.local. A",
      { answer: "missed.shop.svc.cluster.local. 5 IN A 10.96.0.50" },
      20_000,
    );
  });
});
