/** Session affinity in the kernel: who comes again within the time meets the same endpoint, by whatever way in. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import { nftProgram } from "../../../src/proxy/nftables/nft-program.ts";
import { NftablesBackEnd } from "../../../src/proxy/nftables/nftables-back-end.ts";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { byService, localEndpoint, plan, remoteEndpoint } from "../../proxy/nftables/plan-fixture.ts";
import { plainSettings } from "../../proxy/plain-settings.ts";
import { addressesOf, Laboratory, laboratoryMissing } from "./laboratory.ts";

const families: readonly IPFamily[] = ["IPv4", "IPv6"];
const settings = plainSettings;

suite("session affinity", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;
  let backEnd: NftablesBackEnd;

  const open = () =>
    new NftablesBackEnd({
      settings,
      families,
      runner: nftProgram([...laboratory.onNode, "nft"]),
      log: pino({ level: "silent" }),
    });

  before(async () => {
    laboratory = await Laboratory.open();
    backEnd = open();
    await backEnd.start(new Map());
    for (const { podA, podB, podC, remotePod } of Object.values(addressesOf)) {
      for (const [place, address] of [
        ["pod-a", podA],
        ["pod-b", podB],
        ["pod-c", podC],
        ["remote", remotePod],
      ] as const) {
        for (const protocol of ["TCP", "UDP"] as const) {
          await laboratory.serve(place, { protocol, address, port: 8080 });
        }
      }
    }
  });

  after(async () => {
    await backEnd?.stop();
    await laboratory?.[Symbol.asyncDispose]();
  });

  for (const family of families) {
    for (const protocol of ["TCP", "UDP"] as const) {
      const { node, podA, podB, podC, remotePod, clients, clusterIP, externalIP } = addressesOf[family];
      const [service, external] = [clusterIP(1), externalIP(1)];
      const own = { family, protocol, clusterIP: service, externalIPs: [external], nodePort: 30080 };
      const endpoints = [podA, podB, podC].map(address => localEndpoint(address));
      const name = `${family}-${protocol}`.toLowerCase();
      const sticky = (fields: Partial<ServicePortPlan>) =>
        byService(plan(name, { ...own, affinityTimeoutSeconds: 60, clusterEndpoints: endpoints, ...fields }));

      const endpointMet = async (source: string, address = service, port = 80) => {
        const order = { protocol, source, address, port, patienceMs: 10_000 };
        const outcome = await laboratory.connect("outside", order);
        return outcome.kind === "answered" ? outcome.endpoint : outcome.kind;
      };

      test(`${family} ${protocol} clients keep an endpoint each, by every way in`, async () => {
        await backEnd.update(sticky({}));
        for (const client of clients) {
          const first = await endpointMet(client);
          for (let i = 0; i < 4; i++) {
            assert.equal(await endpointMet(client), first);
            assert.equal(await endpointMet(client, external), first);
            assert.equal(await endpointMet(client, node, 30080), first);
          }
        }
      });

      test(`${family} ${protocol} clients stay when other endpoints come and go, and after a restart`, async () => {
        await backEnd.update(sticky({}));
        const first = await endpointMet(clients[1]);
        const others = endpoints.filter(({ address }) => address !== first);
        const kept = endpoints.filter(({ address }) => address === first);
        for (const list of [
          [...kept, ...others.slice(1)],
          kept,
          [remoteEndpoint(remotePod), ...others, ...kept],
          endpoints,
        ]) {
          await backEnd.update(sticky({ clusterEndpoints: list }));
          for (let i = 0; i < 3; i++) assert.equal(await endpointMet(clients[1]), first);
        }
        await backEnd.stop();
        backEnd = open();
        await backEnd.start(sticky({ clusterEndpoints: endpoints.toReversed() }));
        for (let i = 0; i < 5; i++) assert.equal(await endpointMet(clients[1]), first);
      });

      test(`${family} ${protocol} clients of an endpoint that goes move once`, async () => {
        await backEnd.update(sticky({}));
        const first = await endpointMet(clients[1]);
        const rest = endpoints.filter(({ address }) => address !== first);
        await backEnd.update(sticky({ clusterEndpoints: rest }));
        const second = await endpointMet(clients[1]);
        assert.ok(rest.some(({ address }) => address === second));
        await backEnd.update(sticky({}));
        for (let i = 0; i < 5; i++) assert.equal(await endpointMet(clients[1]), second);
      });

      test(`${family} ${protocol} clients stuck elsewhere choose anew where only local endpoints serve`, async () => {
        const remote = remoteEndpoint(remotePod);
        await backEnd.update(sticky({ clusterEndpoints: [remote] }));
        assert.equal(await endpointMet(clients[1]), remotePod);
        const [local] = endpoints;
        assert.ok(local);
        const lists = { clusterEndpoints: [remote, local], localEndpoints: [local] };
        await backEnd.update(sticky({ ...lists, externalPolicy: "Local" }));
        assert.equal(await endpointMet(clients[1]), remotePod);
        assert.equal(await endpointMet(clients[1], external), podA);
        assert.equal(await endpointMet(clients[1], node, 30080), podA);
        assert.equal(await endpointMet(clients[1]), podA);
      });

      test(`${family} ${protocol} each new connection starts the time again, and then it ends`, async () => {
        const address = clusterIP(2);
        const brief = { ...own, clusterIP: address, externalIPs: [], nodePort: 0, affinityTimeoutSeconds: 3 };
        await backEnd.update(byService(plan(`brief-${name}`, { ...brief, clusterEndpoints: endpoints })));
        const first = await endpointMet(clients[0], address);
        for (let i = 0; i < 4; i++) {
          await sleep(900);
          assert.equal(await endpointMet(clients[0], address), first);
        }
        const table = family === "IPv4" ? "ip" : "ip6";
        const sessions = () => laboratory.nodeOutput("nft", "list", "map", table, "frontdesk", "affinity");
        assert.match(sessions(), /timeout 3s/);
        await sleep(3500);
        assert.doesNotMatch(sessions(), /timeout 3s/);
      });
    }
  }
});
