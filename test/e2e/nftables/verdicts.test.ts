/** Every way a new connection can go, by real connections: what the kernel does is what `verdictFor` says. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { pino } from "pino";
import type { IPFamily, Protocol } from "../../../src/cluster/objects.ts";
import { nftProgram } from "../../../src/proxy/nftables/nft-program.ts";
import { NftablesBackEnd } from "../../../src/proxy/nftables/nftables-back-end.ts";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import type { Packet, Verdict } from "../../../src/proxy/plan/verdict.ts";
import { isMasqueraded, verdictFor } from "../../../src/proxy/plan/verdict.ts";
import { byService, localEndpoint, plan, remoteEndpoint } from "../../proxy/nftables/plan-fixture.ts";
import { plainSettings } from "../../proxy/plain-settings.ts";
import type { Outcome } from "./agent.ts";
import type { Place } from "./laboratory.ts";
import { addressesOf, Laboratory, laboratoryMissing } from "./laboratory.ts";

/** Why no SCTP can be sent here; false: it can. */
const sctpMissing = await import("koffi").then(
  () => false as const,
  () => "needs koffi",
);

/** How long a silence takes to be one; an answer that is due may be late on a busy machine. */
const patienceMs = { drop: 400, untouched: 400, reject: 5_000, dnat: 5_000 } as const;
const families = ["IPv4", "IPv6"] as const;
const protocols = ["TCP", "UDP", "SCTP"] as const;

const networks = families.map(family => addressesOf[family].podNetwork);
const usual: ProxySettings = {
  ...plainSettings,
  localTraffic: { kind: "networks", networks },
  nodePortAddresses: { IPv4: [addressesOf.IPv4.node], IPv6: [addressesOf.IPv6.node] },
  serviceCIDRs: families.map(family => addressesOf[family].serviceNetwork),
};

const settingsByName: Readonly<Record<string, ProxySettings>> = {
  "Pods told by network": usual,
  "Pods told by interface": { ...usual, localTraffic: { kind: "interface", name: "pod-c" } },
  "Pods told by interface prefix": { ...usual, localTraffic: { kind: "interface-prefix", prefix: "pod" } },
  "Pods not told": { ...usual, localTraffic: { kind: "none" } },
  "masqueradeAll, another bit": { ...usual, masqueradeAll: true, masqueradeBit: 31 },
  "load balancer's addresses from the pool": {
    ...usual,
    loadBalancerPool: families.map(family => addressesOf[family].externalNetwork),
  },
  "node ports on all addresses, no ServiceCIDR": {
    ...usual,
    nodePortAddresses: { IPv4: "all-local", IPv6: "all-local" },
    serviceCIDRs: [],
  },
};

/** One Service of each sort, with ways in whose last part is its number. */
function plansOf(family: IPFamily, protocol: Protocol): readonly ServicePortPlan[] {
  const { podA, podB, remotePod, clusterIP, externalIP, clients } = addressesOf[family];
  const [first, second] = [localEndpoint(podA), localEndpoint(podB)];
  const remote = remoteEndpoint(remotePod);
  let number = 10;
  const open = (name: string, fields: Partial<ServicePortPlan>) => {
    number += 10;
    return plan(`${name}-${family}`.toLowerCase(), {
      family,
      protocol,
      clusterIP: clusterIP(number),
      externalIPs: [externalIP(number + 1)],
      loadBalancerIPs: [externalIP(number + 2)],
      nodePort: 30000 + number,
      ...fields,
    });
  };
  return [
    open("cluster", { clusterEndpoints: [first, second, remote] }),
    open("self", { clusterEndpoints: [first], localEndpoints: [first], externalPolicy: "Local" }),
    open("local", {
      clusterEndpoints: [remote, second, first],
      localEndpoints: [first],
      externalPolicy: "Local",
    }),
    open("nowhere-local", {
      clusterEndpoints: [remote],
      externalPolicy: "Local",
      internalPolicy: "Local",
    }),
    open("inside-local", {
      clusterEndpoints: [remote, second],
      localEndpoints: [second],
      internalPolicy: "Local",
    }),
    open("nobody", { loadBalancerSources: [`${clients[1]}/${family === "IPv4" ? 32 : 128}`] }),
    open("ranged", {
      clusterEndpoints: [second],
      loadBalancerSources: [`${clients[1]}/${family === "IPv4" ? 32 : 128}`, addressesOf[family].podNetwork],
    }),
    open("sticky", {
      clusterEndpoints: [first, remote],
      localEndpoints: [first],
      externalPolicy: "Local",
      affinityTimeoutSeconds: 60,
    }),
  ];
}

interface Attempt {
  readonly place: Place;
  readonly packet: Packet;
}

function attempts(family: IPFamily, protocol: Protocol, settings: ProxySettings): readonly Attempt[] {
  const own = addressesOf[family];
  const sources: readonly (readonly [Place, string])[] = [
    ["pod-a", own.podA],
    ["pod-c", own.podC],
    ["node", own.node],
    ["outside", own.clients[0]],
    ["outside", own.clients[1]],
    ["outside", own.clients[2]],
  ];
  return sources.flatMap(([place, source]) =>
    destinations(family, protocol).map(([destination, port]) => {
      const isToNode = destination === own.node || destination === own.gateway;
      return {
        place,
        packet: { source, destination, port, protocol, from: fromOf(place, settings), isToNode },
      };
    }),
  );
}

function fromOf(place: Place, { localTraffic }: ProxySettings): Packet["from"] {
  if (place === "node" || place === "outside") return place;
  return localTraffic.kind === "interface" && localTraffic.name !== place ? "outside" : "pod";
}

function destinations(family: IPFamily, protocol: Protocol): readonly (readonly [string, number])[] {
  const own = addressesOf[family];
  const waysIn = plansOf(family, protocol).flatMap(
    ({ clusterIP, externalIPs, loadBalancerIPs, nodePort }) => [
      ...[clusterIP, ...externalIPs, ...loadBalancerIPs].map(address => [address, 80] as const),
      [own.node, nodePort] as const,
      [own.gateway, nodePort] as const,
    ],
  );
  return [
    ...waysIn,
    [own.clusterIP(20), 81],
    [own.clusterIP(200), 80],
    [own.externalIP(21), 81],
    [own.externalIP(22), 81],
    [own.node, 8080],
  ];
}

/** What the client and, if any, the endpoint may see of it. */
function fits(verdict: Verdict, packet: Packet, outcome: Outcome, family: IPFamily): boolean {
  const own = addressesOf[family];
  switch (verdict.kind) {
    case "reject":
      // A raw socket of the SCTP client is not told of ICMP errors.
      return outcome.kind === (packet.protocol === "SCTP" ? "silence" : "refused");
    case "drop":
      return outcome.kind === "silence";
    case "untouched":
      return outcome.kind !== "answered" || outcome.endpoint === packet.destination;
    case "dnat": {
      if (outcome.kind !== "answered") return false;
      const endpoint = verdict.endpoints.find(({ address }) => address === outcome.endpoint);
      if (endpoint === undefined) return false;
      const isNodeSeen = outcome.seenSource === own.node || outcome.seenSource === own.gateway;
      return isMasqueraded(verdict, endpoint, packet) ? isNodeSeen : outcome.seenSource === packet.source;
    }
  }
}

suite("verdicts in the kernel", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;
  let backEnd: NftablesBackEnd;
  const plans = families.flatMap(family => protocols.flatMap(protocol => plansOf(family, protocol)));

  before(async () => {
    laboratory = await Laboratory.open();
    const runner = nftProgram([...laboratory.onNode, "nft"]);
    const log = pino({ level: "silent" });
    backEnd = new NftablesBackEnd({ settings: usual, families, runner, log });
    await backEnd.start(byService(...plans));
    for (const protocol of protocols) {
      if (protocol === "SCTP" && sctpMissing) continue;
      for (const { node, gateway, podA, podB, remotePod } of Object.values(addressesOf)) {
        const serve = (place: Place, address: string) =>
          laboratory.serve(place, { protocol, address, port: 8080 });
        await serve("pod-a", podA);
        await serve("pod-b", podB);
        await serve("remote", remotePod);
        for (const address of [node, gateway]) await serve("node", address);
      }
    }
  });

  after(async () => {
    await backEnd?.stop();
    await laboratory?.[Symbol.asyncDispose]();
  });

  for (const [name, settings] of Object.entries(settingsByName)) {
    for (const family of families) {
      for (const protocol of protocols) {
        test(`${family} ${protocol} with ${name} goes as the plan says`, {
          skip: protocol === "SCTP" && sctpMissing,
        }, async () => {
          await backEnd.updateSettings(settings);
          const wrong = attempts(family, protocol, settings).map(async ({ place, packet }) => {
            const { source, destination: address, port } = packet;
            const verdict = verdictFor(plans, settings, packet);
            const outcome = await laboratory.connect(place, {
              protocol,
              source,
              address,
              port,
              patienceMs: verdict.kind === "reject" && protocol === "SCTP" ? 400 : patienceMs[verdict.kind],
            });
            return fits(verdict, packet, outcome, family) ? [] : [{ packet, verdict, outcome }];
          });
          assert.deepEqual((await Promise.all(wrong)).flat(), []);
        });
      }
    }
  }
});
