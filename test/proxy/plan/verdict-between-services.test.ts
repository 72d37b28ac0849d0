/** What a packet meets when several Services, or several ports of one, could be meant. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Protocol, Service } from "../../../src/cluster/objects.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import { verdictFor } from "../../../src/proxy/plan/verdict.ts";
import { clusterOf, port, service, slice } from "../cluster-fixture.ts";
import { plainSettings } from "../plain-settings.ts";

const settings: ProxySettings = {
  ...plainSettings,
  serviceCIDRs: ["10.96.0.0/12"],
};

/** The verdict on a packet from outside to `address:port`, with the last octet of each endpoint. */
function verdictOn(services: readonly Service[], target: string, protocol: Protocol = "TCP"): string {
  const slices = services.map(({ name, ports }, index) =>
    slice(name, [`10.244.0.${index + 1}`], { ports: ports.map(one => ({ ...one, port: 8080 })) }),
  );
  const cluster = clusterOf(...services, ...slices);
  const node = { name: "n1", zone: undefined, addresses: [] };
  const plans = services.flatMap(one => planService(cluster, one, node));
  const [destination = "", number] = target.split(":");
  const packet = { source: "203.0.113.9", destination, port: Number(number), protocol };
  const verdict = verdictFor(plans, settings, { ...packet, from: "outside", isToNode: true });
  if (verdict.kind !== "dnat") return verdict.kind;
  return `dnat ${verdict.endpoints.map(({ address }) => address.split(".")[3]).join(" ")}`;
}

const web = service("web", { clusterIPs: ["10.96.0.1"], externalIPs: ["198.51.100.7"] });
const api = service("api", {
  clusterIPs: ["10.96.0.2"],
  externalIPs: ["198.51.100.7"],
  ports: [port("https", 443)],
});
const twin = service("twin", { ...web, name: "twin", clusterIPs: ["10.96.0.3"] });
const thief = service("thief", { clusterIPs: ["10.96.0.4"], externalIPs: ["10.96.0.1"] });
const onNodes = service("nodes", { clusterIPs: ["10.96.0.5"], ports: [port("http", 8080, "TCP", 80)] });

for (const [what, services, target, protocol, expected] of [
  [
    "Services that share an external IP on two ports each get theirs",
    [web, api],
    "198.51.100.7:80",
    "TCP",
    "dnat 1",
  ],
  [
    "Services that share an external IP on two ports each get theirs",
    [web, api],
    "198.51.100.7:443",
    "TCP",
    "dnat 2",
  ],
  [
    "external IP and port that two Services claim are the first one's",
    [twin, web],
    "198.51.100.7:80",
    "TCP",
    "dnat 1",
  ],
  [
    "cluster IP that another Service claims as external stays its own",
    [thief, web],
    "10.96.0.1:80",
    "TCP",
    "dnat 2",
  ],
  [
    "external address on a node port that another Service has wins",
    [onNodes, web],
    "198.51.100.7:80",
    "TCP",
    "dnat 2",
  ],
  ["cluster IP in another protocol is rejected", [web], "10.96.0.1:80", "UDP", "reject"],
  ["external IP in another protocol is left alone", [web], "198.51.100.7:80", "UDP", "untouched"],
  ["node port in another protocol is left alone", [onNodes], "192.0.2.1:80", "SCTP", "untouched"],
  ["cluster IP of the other family is nobody's", [web], "fd00::1:80", "TCP", "untouched"],
] as const) {
  test(`${what}: ${protocol} to ${target}`, () => {
    assert.equal(verdictOn(services, target, protocol), expected);
  });
}
