/** What several processes on one port look like from outside: one server. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { ApiRequest } from "../../support/api-server/resources.ts";
import { TestApiServer } from "../../support/api-server.ts";
import { namespace, service } from "../../support/cluster-fixtures.ts";
import { exchangeTcp } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { kinds } from "../server/udp-rig.ts";
import { eventually, startGroup } from "./group-rig.ts";

const skip = process.platform !== "linux";

for (const kind of kinds) {
  describe(`multisocket with ${kind} listeners`, { skip }, () => {
    before(() => {
      process.env.FRONTDESK_UDP = kind;
    });

    test("queries are answered by all processes, and counted once each", async context => {
      const { crowd, metrics, others, socketCount, total } = await startGroup(context, { count: 3 });
      assert.equal(others().length, 2);
      assert.equal(socketCount(), 3);
      const clients = await crowd();
      for (let round = 0; round < 5; round++) {
        const answers = await clients.ask("www.example.org. A");
        assert.deepEqual(new Set(answers), new Set(["192.0.2.1"]));
      }
      assert.equal(await total("coredns_dns_requests_total"), 5 * clients.size);
      assert.equal(await total("coredns_dns_responses_total"), 5 * clients.size);
      const families = await metrics();
      const byProcess = families.get("frontdesk_dns_process_requests_total")?.samples ?? [];
      assert.deepEqual(
        byProcess.map(({ labels }) => labels.process),
        ["1", "2", "3"],
      );
      for (const { value } of byProcess) assert.ok(value > 0);
      const durations = families.get("coredns_dns_request_duration_seconds")?.samples ?? [];
      assert.equal(durations.find(({ name }) => name.endsWith("_count"))?.value, 5 * clients.size);
      const values = (name: string) => families.get(name)?.samples.map(({ value }) => value);
      assert.deepEqual(values("frontdesk_dns_processes"), [3]);
      assert.deepEqual(values("frontdesk_dns_udp_listeners"), [3]);
      assert.deepEqual(values("coredns_build_info"), [1]);
      assert.deepEqual(values("coredns_hosts_entries"), [2]);
      assert.equal(values("process_start_time_seconds")?.length, 1);
      assert.ok(new Set(values("coredns_plugin_enabled")).size === 1);
    });

    test("a Service is known to all processes as soon as it is there, and gone when it is not", async context => {
      const api = await TestApiServer.start();
      context.after(() => api.close());
      api.load([namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"] })]);
      const more = `kubernetes cluster.local {\n endpoint ${api.url}\n }`;
      const { crowd } = await startGroup(context, { count: 3, more });
      const clients = await crowd();
      const all = async (question: string, expected: string) => {
        await eventually(
          async () => (await clients.ask(question)).every(answer => answer === expected) || undefined,
        );
      };
      await all("web.shop.svc.cluster.local. A", "10.96.0.10");
      await all("new.shop.svc.cluster.local. A", "NXDOMAIN");
      api.put(service("shop", "new", { clusterIPs: ["10.96.0.11"] }));
      await all("new.shop.svc.cluster.local. A", "10.96.0.11");
      api.remove("Service", "shop", "new");
      await all("new.shop.svc.cluster.local. A", "NXDOMAIN");
    });

    test("a process that has not loaded the cluster yet gets no queries, and /ready says what it waits for", async context => {
      const api = await TestApiServer.start();
      context.after(() => api.close());
      api.load([namespace("shop"), service("shop", "web", { clusterIPs: ["10.96.0.10"] })]);
      let listed = 0;
      const isOfOthers = ({ resource, verb }: ApiRequest) =>
        resource?.name === "services" && verb === "list" && ++listed > 1;
      const release = api.fail(isOfOthers, { type: "status", code: 403, message: "not you" }, Infinity);
      const more = `kubernetes cluster.local {\n endpoint ${api.url}\n startup_timeout 100ms\n }`;
      const { crowd, ready, socketCount, untilReady } = await startGroup(
        context,
        { count: 2, more },
        "serving",
      );
      const said = await eventually(async () => (/403.*not you/.test(await ready()) ? ready() : undefined));
      assert.match(said, /^503 process 2: kubernetes: waiting for services: 403 .*not you/);
      // It has tried for long, and given up waiting for a start with all.
      await eventually(() => listed > 3 || undefined);
      const answers = await (await crowd()).ask("web.shop.svc.cluster.local. A");
      assert.deepEqual(new Set(answers), new Set(["10.96.0.10"]));
      assert.equal(socketCount(), 1);
      release();
      await untilReady();
      assert.equal(socketCount(), 2);
    });
  });
}

test("lines of a query log stay whole, whichever process writes them", { skip }, async context => {
  const { command, crowd } = await startGroup(context, { count: 3, more: "log" });
  const clients = await crowd();
  const countEach = 60;
  clients.send("www.example.org. A", countEach);
  assert.equal(await clients.receive(countEach), countEach * clients.size);
  await command.stop("SIGTERM");
  const lines = command.stdout.split("\n").filter(line => line.includes("www.example"));
  assert.equal(lines.length, countEach * clients.size);
  for (const line of lines)
    assert.match(
      line,
      /^\[INFO\] 127\.\S+ - \d+ "A IN www\.example\.org\. udp 33 false 512" NOERROR qr,aa 49 [\d.]+s$/,
    );
});

test("TCP is answered by several processes, too", { skip }, async context => {
  const { metrics, server } = await startGroup(context, { count: 2 });
  const query = buildQuery("www.example.org. A");
  const replies = await Promise.all(Array.from({ length: 48 }, () => exchangeTcp(server, query)));
  for (const reply of replies) assert.equal(decodeReply(reply).rcode, "NOERROR");
  const byProcess = (await metrics()).get("frontdesk_dns_process_requests_total")?.samples ?? [];
  assert.equal(byProcess.length, 2);
  for (const { value } of byProcess) assert.ok(value > 0);
});

test("one process is as without the word: nobody beside it, no numbers of a group", {
  skip,
}, async context => {
  for (const count of [1, undefined]) {
    const { metrics, others, socketCount } = await startGroup(context, { count });
    assert.deepEqual([others(), socketCount()], [[], 1]);
    assert.equal((await metrics()).has("frontdesk_dns_processes"), false);
  }
});
