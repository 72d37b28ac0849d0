/** Replies that are ready, and what makes them outdated. */

import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { Handler } from "../../../src/dns/plugins/plugin.ts";
import * as fixtures from "../../support/cluster-fixtures.ts";
import { put } from "./answering.ts";
import { cachedAddress, endpoints, Subject, service, web, zone } from "./shortcut-subject.ts";

suite("a reply that is ready is not sent any more after", () => {
  type Edit = (store: Subject["store"]) => void;
  const edits: readonly (readonly [string, string, Edit, readonly string[]])[] = [
    ["another address of the Service", web, store => put(store, service("web", "10.96.0.9")), ["10.96.0.9"]],
    ["the end of the Service", web, store => store.remove("Service", "shop/web"), ["NXDOMAIN"]],
    ["the end of the namespace", web, store => store.remove("Namespace", "shop"), ["NXDOMAIN"]],
    [
      "the Service that was missing",
      "new.shop.svc.cluster.local. A",
      store => put(store, service("new", "10.96.0.3")),
      ["10.96.0.3"],
    ],
    [
      "the namespace that was missing",
      "new.svc.cluster.local. A",
      store => put(store, fixtures.namespace("new")),
      ["NOERROR"],
    ],
    [
      "other endpoints",
      "db.shop.svc.cluster.local. A",
      store => put(store, endpoints("10.1.0.1", "10.1.0.3")),
      ["10.1.0.1", "10.1.0.3"],
    ],
    [
      "the end of the endpoints",
      "db.shop.svc.cluster.local. A",
      store => store.remove("EndpointSlice", "shop/db-x7k2p"),
      ["NXDOMAIN"],
    ],
    [
      "another Service at the address",
      "2.0.96.10.in-addr.arpa. PTR",
      store => store.remove("Service", "shop/mail"),
      ["NXDOMAIN"],
    ],
    [
      "an endpoint at the address",
      "9.0.1.10.in-addr.arpa. PTR",
      store => put(store, endpoints("10.1.0.9")),
      ["10-1-0-9.db.shop.svc.cluster.local."],
    ],
    [
      "a change behind its alias",
      "alias.shop.svc.cluster.local. A",
      store => put(store, service("web", "10.96.0.8")),
      ["10.96.0.8", "web.shop.svc.cluster.local."],
    ],
    [
      "the end of the Pod",
      "10-1-0-1.shop.pod.cluster.local. A",
      store => store.remove("Pod", "shop/db-0"),
      ["NXDOMAIN"],
    ],
  ];
  for (const [what, question, edit, expected] of edits) {
    test(`${what}, while others stay ready`, async context => {
      const subject = await Subject.start(context, `${zone} {\n pods verified\n}`);
      const other = "other.lab.svc.cluster.local. A";
      await subject.askTwice(question);
      await subject.askTwice(other);
      assert.ok((await subject.isPrepared(question)) && (await subject.isPrepared(other)));
      edit(subject.store);
      assert.deepEqual(await subject.ask(question), expected);
      assert.ok(await subject.isPrepared(other), "what has not changed is still ready");
      assert.ok(await subject.isPrepared(question), "what has changed is ready again");
    });
  }

  test("the end of its plugins", async context => {
    const subject = await Subject.start(context, zone);
    await subject.askTwice(web);
    await subject.rig.close();
    assert.ok(!(await subject.isPrepared(web)));
  });

  test("the end of a cached reply, which is asked for again", async context => {
    const subject = await Subject.start(context, "cache 30");
    for (let count = 0; count < 4; count++) await subject.ask("www.example.net. A");
    subject.rig.nowMs += 10_000;
    assert.ok(!(await subject.isPrepared("www.example.net. A")));
    assert.equal(
      subject.rig.metrics.get('coredns_cache_misses_total{server="dns://:53",zones=".",view=""}'),
      2,
    );
  });

  test("another reply to the same question, which takes its place in the cache", async context => {
    const replies = ["203.0.113.1", "203.0.113.2"].map(address => ({
      address,
      go: Promise.withResolvers<void>(),
    }));
    const asked = replies.values();
    const upstream: Handler = async query => {
      const reply = asked.next().value;
      assert.ok(reply, "two questions at most");
      await reply.go.promise;
      return cachedAddress(query, reply.address);
    };
    const subject = await Subject.start(context, "cache 30", upstream);
    const question = "www.example.net. A";
    const both = [subject.ask(question), subject.ask(question)];
    for (const [index, { address, go }] of replies.entries()) {
      go.resolve();
      assert.deepEqual(await both[index], [address]);
      await subject.askTwice(question);
      assert.deepEqual(await subject.ask(question), [address]);
      assert.ok(await subject.isPrepared(question));
    }
  });

  const zoneText = (address: string, serial: number) =>
    `$ORIGIN lab.\n@ 60 IN SOA ns hostmaster ${serial} 1 1 1 1\n@ 60 IN NS ns\nweb 60 IN A ${address}\n`;
  for (const [what, textOf, wordsOf] of [
    [
      "the file of hosts",
      (address: string) => `${address} web.lab`,
      (path: string) => `hosts ${path} {\n reload 5ms\n}`,
    ],
    ["the file of a zone", zoneText, (path: string) => `file ${path} lab {\n reload 5ms\n}`],
  ] as const) {
    test(`another version of ${what}`, async context => {
      const folder = await mkdtemp(join(tmpdir(), "outdated-"));
      context.after(() => rm(folder, { recursive: true }));
      const path = join(folder, "names");
      await writeFile(path, textOf("192.0.2.1", 1));
      const subject = await Subject.start(context, wordsOf(path));
      await subject.askTwice("web.lab. A");
      assert.ok(await subject.isPrepared("web.lab. A"));
      await writeFile(`${path}.new`, textOf("192.0.2.2", 2));
      await rename(`${path}.new`, path);
      const deadline = Date.now() + 5000;
      while ((await subject.ask("web.lab. A"))[0] !== "192.0.2.2") {
        assert.ok(Date.now() < deadline, "the new version is answered");
        await setTimeout(5);
      }
    });
  }

  test("another external address, which is answered by k8s_external", async context => {
    const subject = await Subject.start(context, `k8s_external example.org\n${zone}`);
    const external = (address: string) =>
      fixtures.service("shop", "web", { clusterIPs: ["10.96.0.1"], externalIPs: [address] });
    put(subject.store, external("198.51.100.1"));
    const [name, pointer] = ["web.shop.example.org. A", "nobody.shop.example.org. A"];
    for (const question of [name, pointer]) await subject.askTwice(question);
    assert.ok((await subject.isPrepared(name)) && (await subject.isPrepared(pointer)));
    put(subject.store, external("198.51.100.2"));
    assert.deepEqual(await subject.ask(name), ["198.51.100.2"]);
    assert.ok(await subject.isPrepared(pointer));
  });
});
