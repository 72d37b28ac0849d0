/** The Corefiles that clusters come with, unchanged but for addresses and ports, in front of an API server. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { TestApiServer } from "../support/api-server.ts";
import { endpointSlice, namespace, service } from "../support/cluster-fixtures.ts";
import { exchangeTcp, exchangeUdp } from "../support/dns-client.ts";
import { buildQuery, type QueryOptions } from "../support/dns-client-query.ts";
import { decodeReply, type Reply } from "../support/dns-client-reply.ts";
import { type CorefileSite, isOk, type Subject, startSubject } from "../support/subject.ts";
import { TestUpstream } from "../support/test-upstream.ts";

const root = fileURLToPath(new URL("../fixtures/corefiles", import.meta.url));

interface Stock {
  readonly folder: string;
  readonly ttlSeconds: number;
  /** Names of Pods by address. */
  readonly hasPodNames: boolean;
}

const stock: readonly Stock[] = [
  { folder: "kubeadm", ttlSeconds: 30, hasPodNames: true },
  { folder: "kubeadm-older", ttlSeconds: 30, hasPodNames: true },
  { folder: "k3s", ttlSeconds: 5, hasPodNames: true },
  { folder: "minikube", ttlSeconds: 30, hasPodNames: true },
  { folder: "eks", ttlSeconds: 5, hasPodNames: true },
  { folder: "coredns-deployment", ttlSeconds: 5, hasPodNames: false },
];

const objects = [
  namespace("shop"),
  service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
  service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
  endpointSlice("shop", "db", {
    endpoints: ["10.244.1.1", "10.244.1.2", "10.244.1.3"].map(address => ({ addresses: [address] })),
    ports: ["sql 5432"],
  }),
];

/** All files of a stock configuration but the Corefile. */
function filesOf(folder: string): Record<string, string> {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter(entry => entry.isFile() && entry.name !== "Corefile")
      .map(entry => join(entry.parentPath, entry.name))
      .map(file => [relative(join(root, folder), file), readFileSync(file, "utf8")]),
  );
}

/** What this machine has elsewhere: ports, the API server, the upstream. */
function moved(text: string, site: CorefileSite, upstream: TestUpstream): string {
  const { host, port, healthPort, readyPort, metricsPort, kubeconfigFile } = site;
  return text
    .replace("lameduck 5s", "lameduck 100ms")
    .replaceAll(/:53\b/g, `:${port}`)
    .replaceAll(/^( *)errors$/gm, `$1bind ${host}\n$1errors`)
    .replace(/\bhealth\b/, `health ${host}:${healthPort}`)
    .replace(/\bready\b/, `ready ${host}:${readyPort}`)
    .replace("prometheus :9153", `prometheus ${host}:${metricsPort}`)
    .replace(/^( *)kubernetes .*\{$/m, `$&\n$1  kubeconfig ${kubeconfigFile}`)
    .replaceAll("/etc/resolv.conf", upstream.target)
    .replaceAll("1.2.3.4", upstream.target);
}

for (const { folder, ttlSeconds, hasPodNames } of stock) {
  describe(`the Corefile of ${folder}`, () => {
    let api: TestApiServer;
    let upstream: TestUpstream;
    let subject: Subject;

    before(async () => {
      api = await TestApiServer.start();
      api.load(objects);
      upstream = await TestUpstream.start({
        answer: ({ nameText }) =>
          nameText.startsWith("no-such.")
            ? {
                rcode: "NXDOMAIN",
                authorities: "example.org. 300 IN SOA ns.example.org. admin.example.org. 1 2 3 4 300",
              }
            : `${nameText} 300 IN A 192.0.2.1`,
      });
      const text = readFileSync(join(root, folder, "Corefile"), "utf8");
      subject = await startSubject({
        kubeconfig: api.kubeconfig(),
        files: filesOf(folder),
        corefile: site => moved(text, site, upstream),
      });
    });
    after(async () => {
      await subject?.stop();
      await upstream?.stop();
      await api?.close();
    });

    async function ask(question: string, options: QueryOptions = {}, over = exchangeUdp): Promise<Reply> {
      return decodeReply(await over(subject.server, buildQuery(question, options)));
    }

    test("serves health, readiness and metrics", async () => {
      for (const url of [subject.healthUrl, subject.readyUrl, subject.metricsUrl]) assert.ok(await isOk(url));
    });

    test("answers a Service, with authority and the TTL of the file", async () => {
      const reply = await ask("web.shop.svc.cluster.local. A");
      // Five seconds become the least that cache gives.
      const ttl = folder.startsWith("kubeadm") || folder === "minikube" ? ttlSeconds : 5;
      assert.deepEqual(reply.answer, [`web.shop.svc.cluster.local. ${ttl} IN A 10.96.0.10`]);
      assert.equal(reply.isAuthoritative, true);
    });

    test("answers each endpoint of a headless Service, in changing order", async () => {
      const orders = new Set<string>();
      for (let round = 0; round < 40; round += 1) {
        const { answer } = await ask("db.shop.svc.cluster.local. A");
        assert.equal(answer.length, 3);
        orders.add(answer.join());
      }
      assert.ok(orders.size > 1);
    });

    test("gives everything the TTL of the cache at most", async () => {
      const version = await ask("dns-version.cluster.local. TXT");
      assert.match(version.answer[0] ?? "", /^dns-version\.cluster\.local\. 30 IN TXT "1\.1\.0"$/);
    });

    test("denies an unknown Service by itself, with the SOA", async () => {
      const reply = await ask("web.default.svc.cluster.local. A");
      assert.equal(reply.rcode, "NXDOMAIN");
      assert.match(reply.authority[0] ?? "", /^cluster\.local\. \d+ IN SOA /);
      assert.deepEqual(
        upstream.queries.filter(({ ask }) => ask.includes("default")),
        [],
      );
    });

    test("answers PTR of the cluster and asks upstream for others", async () => {
      const known = await ask("10.0.96.10.in-addr.arpa. PTR");
      assert.match(known.answer[0] ?? "", /PTR web\.shop\.svc\.cluster\.local\.$/);
      await ask("9.0.96.10.in-addr.arpa. PTR");
      assert.ok(upstream.queries.some(({ ask }) => ask.startsWith("9.0.96.10.")));
    });

    test(`${hasPodNames ? "answers" : "denies"} names of Pods`, async () => {
      const reply = await ask("10-244-1-1.shop.pod.cluster.local. A");
      assert.equal(reply.rcode, hasPodNames ? "NOERROR" : "NXDOMAIN");
    });

    test("forwards other names, over UDP and TCP, and keeps them thirty seconds", async () => {
      const first = await ask("www.example.org. A");
      assert.deepEqual(first.answer, ["www.example.org. 30 IN A 192.0.2.1"]);
      const again = await ask("www.example.org. A", {}, exchangeTcp);
      assert.match(again.answer[0] ?? "", /^www\.example\.org\. (?:30|29|28) IN A 192\.0\.2\.1$/);
      assert.equal(upstream.queries.filter(({ ask }) => /^www\.example\.org\. A$/i.test(ask)).length, 1);
      assert.equal((await ask("no-such.example.org. A")).rcode, "NXDOMAIN");
    });

    test("refuses a transfer of the cluster's zone", async () => {
      assert.equal((await ask("cluster.local. AXFR", {}, exchangeTcp)).rcode, "REFUSED");
    });

    test("speaks EDNS to those who do", async () => {
      const reply = await ask("web.shop.svc.cluster.local. A", { edns: { isDnssecOk: true } });
      assert.equal(reply.opt?.isDnssecOk, true);
    });

    test("has nothing to say on standard error", () => {
      assert.doesNotMatch(subject.output(), /\[(?:ERROR|FATAL|WARNING)\]|loop/i);
    });
  });
}
