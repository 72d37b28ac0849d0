import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../../src/cluster/objects.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import { waysInto } from "../../../src/proxy/userspace/way-in.ts";
import { clusterOf, port, service } from "../cluster-fixture.ts";

const vip = { ip: "198.51.100.7", hostname: "", ipMode: "VIP" } as const;

const cases: Readonly<Record<string, [Partial<Service>, string[]]>> = {
  "cluster IP alone": [{}, ["ClusterIP 10.96.0.1 80"]],
  "every kind of address": [
    {
      clusterIPs: ["10.96.0.1", "fd00::1"],
      externalIPs: ["203.0.113.5"],
      loadBalancerIngress: [vip],
      ports: [port("http", 80, "TCP", 30080)],
    },
    [
      "ClusterIP 10.96.0.1 80",
      "ExternalIP 203.0.113.5 80",
      "LoadBalancer 198.51.100.7 80",
      "NodePort 127.0.0.1 30080",
      "ClusterIP fd00::1 80",
      "NodePort ::1 30080",
    ],
  ],
  "address given twice": [
    { externalIPs: ["10.96.0.1", "198.51.100.7"], loadBalancerIngress: [vip] },
    ["ClusterIP 10.96.0.1 80", "ExternalIP 198.51.100.7 80"],
  ],
};

for (const [what, [fields, expected]] of Object.entries(cases)) {
  test(`ways into a Service with ${what} are listed once, the cluster IP first`, () => {
    const web = service("web", { clusterIPs: ["10.96.0.1"], ...fields });
    const plans = planService(clusterOf(web), web, { name: "n1", zone: undefined, addresses: [] });
    const found = plans.flatMap(plan => waysInto(plan, ["127.0.0.1", "::1"]));
    assert.deepEqual(
      found.map(way => `${way.kind} ${way.address} ${way.port}`),
      expected,
    );
  });
}
