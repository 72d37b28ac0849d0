/** What every back end has to make of changes: new connections see them when the call has returned. */

import assert from "node:assert/strict";
import { after, afterEach, before, suite, test } from "node:test";
import type { BackEnd } from "../../../src/proxy/back-end.ts";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { byService, localEndpoint, plan, remoteEndpoint } from "../../proxy/nftables/plan-fixture.ts";
import type { Place } from "../nftables/laboratory.ts";
import { addressesOf, Laboratory, laboratoryMissing } from "../nftables/laboratory.ts";
import { families, protocols, serveEverywhere, settings } from "./contract-world.ts";
import type { Subject } from "./subject.ts";
import { subjects } from "./subject.ts";

/** How long a silence takes to be one; an answer that is due may be late on a busy machine. */
const silencePatienceMs = 500;
const answerPatienceMs = 10_000;

for (const subject of subjects) {
  suite(`changes with ${subject.name}`, { skip: laboratoryMissing() }, () => testChanges(subject));
}

function testChanges({ open, damage, traces, inability }: Subject): void {
  let laboratory: Laboratory;
  let backEnd: BackEnd;

  before(async () => {
    laboratory = await Laboratory.open();
    await serveEverywhere(laboratory);
    backEnd = open(laboratory, settings);
    await backEnd.start(new Map());
  });

  after(async () => {
    await backEnd?.stop();
    await laboratory?.[Symbol.asyncDispose]();
  });

  for (const family of families) {
    for (const protocol of protocols) {
      const { podA, podB, podC, remotePod, node, gateway, clients, clusterIP, externalIP } =
        addressesOf[family];
      const [a, b, c] = [localEndpoint(podA), localEndpoint(podB), localEndpoint(podC)];
      const [first, second, external] = [clusterIP(1), clusterIP(2), externalIP(1)];
      const web = (fields: Partial<ServicePortPlan>) => {
        const own = { family, protocol, clusterIP: first, externalIPs: [external], nodePort: 30080 };
        return byService(plan("web", { ...own, ...fields }));
      };
      const change = (fields: Partial<ServicePortPlan>) => backEnd.update(web(fields));
      const visitWithin =
        (patienceMs: number) =>
        async (address = first, port = 80, source = clients[1], place: Place = "outside") => {
          const outcome = await laboratory.connect(place, { protocol, source, address, port, patienceMs });
          return outcome.kind === "answered" ? outcome.endpoint : outcome.kind;
        };
      const visit = visitWithin(answerPatienceMs);
      const visitInVain = visitWithin(silencePatienceMs);
      const visits = async (count: number, ...way: Parameters<typeof visit>) => {
        const met: string[] = [];
        for (let i = 0; i < count; i++) met.push(await visit(...way));
        return [...new Set(met)];
      };
      const about = (what: string) => `${family} ${protocol} ${what}`;

      afterEach(() => backEnd.update(new Map([["default/web", []]])));

      test(about("endpoints to zero are refused, and back are served"), async () => {
        await change({ clusterEndpoints: [a] });
        assert.deepEqual(await visits(3), [podA]);
        await change({});
        assert.deepEqual(
          [await visit(), await visit(external), await visit(node, 30080)],
          Array(3).fill("refused"),
        );
        await change({ clusterEndpoints: [b] });
        assert.deepEqual(
          [await visit(), await visit(external), await visit(node, 30080)],
          Array(3).fill(podB),
        );
      });

      test(about("endpoints replaced are met from now on"), async () => {
        for (const [endpoint, address] of [
          [a, podA],
          [b, podB],
          [remoteEndpoint(remotePod), remotePod],
        ] as const) {
          await change({ clusterEndpoints: [endpoint] });
          assert.deepEqual(await visits(3), [address]);
        }
      });

      test(about("affinity keeps a client by every way in, until it is switched off"), async () => {
        const endpoints = { clusterEndpoints: [a, b, c] };
        await change({ ...endpoints, affinityTimeoutSeconds: 60 });
        const [met = "", ...others] = await visits(6);
        assert.deepEqual(others, []);
        assert.deepEqual(await visits(4, external), [met]);
        assert.deepEqual(await visits(4, node, 30080), [met]);
        await change({ clusterEndpoints: [c, b, a].filter(one => one.address !== met) });
        await change({ ...endpoints, affinityTimeoutSeconds: 60 });
        assert.equal((await visits(6)).length, 1);
        await change(endpoints);
        assert.ok((await visits(40)).length > 1);
      });

      test(about("affinity is left where its endpoint goes, once"), async () => {
        await change({ clusterEndpoints: [a, b, c], affinityTimeoutSeconds: 60 });
        const met = await visit();
        const rest = [a, b, c].filter(({ address }) => address !== met);
        await change({ clusterEndpoints: rest, affinityTimeoutSeconds: 60 });
        const next = await visits(6);
        assert.equal(next.length, 1);
        await change({ clusterEndpoints: [a, b, c], affinityTimeoutSeconds: 60 });
        assert.deepEqual(await visits(6), next);
      });

      test(about("node port that changes is served by its new number alone, on localhost too"), async () => {
        const loopback = family === "IPv4" ? "127.0.0.1" : "::1";
        await change({ clusterEndpoints: [a] });
        assert.equal(await visit(loopback, 30080, loopback, "node"), podA);
        await change({ clusterEndpoints: [a], nodePort: 30090 });
        assert.equal(await visit(node, 30080), "refused");
        assert.equal(await visit(node, 30090), podA);
        assert.equal(await visit(loopback, 30080, loopback, "node"), "refused");
        assert.equal(await visit(loopback, 30090, loopback, "node"), podA);
      });

      test(about("Service created again is served on its new cluster IP alone"), async () => {
        await change({ clusterEndpoints: [a] });
        await change({ clusterEndpoints: [a], clusterIP: second });
        assert.equal(await visit(second), podA);
        assert.notEqual(await visitInVain(), podA);
        await backEnd.update(new Map([["default/web", []]]));
        assert.notEqual(await visitInVain(second), podA);
        await change({ clusterEndpoints: [b] });
        assert.equal(await visit(), podB);
      });

      test(about("traffic policy that changes takes effect"), async () => {
        const lists = { clusterEndpoints: [remoteEndpoint(remotePod)], localEndpoints: [b] };
        await change({ ...lists, externalPolicy: "Local", internalPolicy: "Local" });
        assert.deepEqual([await visit(), await visit(external)], [podB, podB]);
        await change(lists);
        assert.deepEqual([await visit(), await visit(external)], [remotePod, remotePod]);
      });

      test(about("settings that change take effect"), async () => {
        await change({ clusterEndpoints: [a] });
        assert.notEqual(await visitInVain(gateway, 30080), podA);
        await backEnd.updateSettings({
          ...settings,
          nodePortAddresses: { IPv4: "all-local", IPv6: "all-local" },
        });
        assert.deepEqual([await visit(gateway, 30080), await visit(node, 30080)], [podA, podA]);
        assert.equal(await visit(first, 30080), "refused");
        await backEnd.updateSettings(settings);
        assert.notEqual(await visitInVain(gateway, 30080), podA);
      });

      test(about("node's address that comes is served once it was looked for"), async () => {
        const [fresh, length] = family === "IPv4" ? ["192.0.2.77", 24] : ["fd01::77", 64];
        const onNode = (verb: string) =>
          laboratory.nodeOutput("ip", "address", verb, `${fresh}/${length}`, "dev", "outside");
        await backEnd.updateSettings({
          ...settings,
          nodePortAddresses: { IPv4: "all-local", IPv6: "all-local" },
        });
        await change({ clusterEndpoints: [a] });
        onNode("add");
        // The kernel adds the route to an IPv6 address a little later.
        while (!laboratory.nodeOutput("ip", "route", "get", fresh).startsWith("local"));
        await backEnd.repair();
        assert.equal(await visit(fresh, 30080), podA);
        onNode("del");
        await backEnd.updateSettings(settings);
      });

      test(about("what somebody takes away is repaired"), async () => {
        await change({ clusterEndpoints: [a] });
        damage(laboratory);
        assert.notEqual(await visitInVain(), podA);
        assert.ok((await backEnd.repair()).includes(family));
        assert.deepEqual(
          [await visit(), await visit(external), await visit(node, 30080)],
          Array(3).fill(podA),
        );
        assert.deepEqual(await backEnd.repair(), []);
      });

      test(about("next run takes over"), async () => {
        await change({ clusterEndpoints: [a] });
        await backEnd.stop();
        backEnd = open(laboratory, settings);
        await backEnd.start(web({ clusterEndpoints: [b] }));
        assert.deepEqual(await visits(3), [podB]);
      });

      test(about("serves without a process"), {
        skip: inability["work without a process"] ?? false,
      }, async () => {
        await change({ clusterEndpoints: [a] });
        await backEnd.stop();
        assert.equal(await visit(), podA);
        backEnd = open(laboratory, settings);
        await backEnd.start(new Map());
      });
    }
  }

  test("cleanUp by another run leaves no trace", async () => {
    await backEnd.update(byService(plan("web", { clusterIP: addressesOf.IPv4.clusterIP(1) })));
    assert.notEqual(traces(laboratory), "");
    await backEnd.stop();
    backEnd = open(laboratory, settings);
    await backEnd.cleanUp();
    assert.equal(traces(laboratory), "");
  });
}
