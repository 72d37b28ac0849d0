import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { EndpointSlice, Service } from "../../../src/cluster/objects.ts";
import { trim } from "../../../src/cluster/trim.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import type { NodeView, ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { clusterOf, endpointOfPod, port, service, slice } from "../cluster-fixture.ts";

const node: NodeView = { name: "n1", zone: undefined, addresses: [] };

function plansOf(subject: Service, ...slices: EndpointSlice[]): readonly ServicePortPlan[] {
  return planService(clusterOf(subject, ...slices), subject, node);
}

/** Every address and port of a plan: `cluster 10.96.0.1:80`, `external …`, `balancer …`, `node *:30080`. */
function waysInto({ clusterIP, externalIPs, loadBalancerIPs, port, nodePort }: ServicePortPlan): string[] {
  return [
    `cluster ${clusterIP}:${port}`,
    ...externalIPs.map(address => `external ${address}:${port}`),
    ...loadBalancerIPs.map(address => `balancer ${address}:${port}`),
    ...(nodePort === 0 ? [] : [`node *:${nodePort}`]),
  ];
}

const vip = { ip: "198.51.100.7", hostname: "", ipMode: "VIP" } as const;
const cluster = { clusterIPs: ["10.96.0.1"] };

const waysIn: Readonly<Record<string, [Partial<Service>, Record<string, string[]>]>> = {
  "cluster IP is the one way in": [cluster, { "default/web:http/TCP IPv4": ["cluster 10.96.0.1:80"] }],
  "headless Service is not planned": [{ isHeadless: true, externalIPs: ["203.0.113.5"] }, {}],
  "Service without a cluster IP yet is not planned": [{ clusterIPs: [] }, {}],
  "ExternalName Service is not planned, even with a cluster IP": [{ ...cluster, type: "ExternalName" }, {}],
  "Service labelled for another proxy is not planned": [
    { ...cluster, labels: { "service.kubernetes.io/service-proxy-name": "" } },
    {},
  ],
  "Service without ports is not planned": [{ ...cluster, ports: [] }, {}],
  "node port is a way in": [
    { ...cluster, type: "NodePort", ports: [port("http", 80, "TCP", 30080)] },
    { "default/web:http/TCP IPv4": ["cluster 10.96.0.1:80", "node *:30080"] },
  ],
  "load balancer addresses count unless the balancer is a proxy of its own or a host name": [
    {
      ...cluster,
      type: "LoadBalancer",
      loadBalancerIngress: [
        vip,
        { ...vip, ip: "198.51.100.8", ipMode: "Proxy" },
        { ...vip, ip: "", hostname: "lb.example" },
      ],
    },
    { "default/web:http/TCP IPv4": ["cluster 10.96.0.1:80", "balancer 198.51.100.7:80"] },
  ],
  "external IPs that are empty, no address or of the other family are skipped": [
    { ...cluster, externalIPs: ["", "web.example", "fd00::1", "203.0.113.5"] },
    { "default/web:http/TCP IPv4": ["cluster 10.96.0.1:80", "external 203.0.113.5:80"] },
  ],
  "addresses with leading zeros are decimal and the same address once": [
    { clusterIPs: ["010.096.000.001"], externalIPs: ["203.0.113.005", "203.0.113.5"] },
    { "default/web:http/TCP IPv4": ["cluster 10.96.0.1:80", "external 203.0.113.5:80"] },
  ],
  "dual stack gives each family its own addresses, and node ports to both": [
    {
      clusterIPs: ["fd00::1", "10.96.0.1"],
      ports: [port("http", 80, "TCP", 30080)],
      externalIPs: ["fd00:0:0::9"],
    },
    {
      "default/web:http/TCP IPv4": ["cluster 10.96.0.1:80", "node *:30080"],
      "default/web:http/TCP IPv6": ["cluster fd00::1:80", "external fd00::9:80", "node *:30080"],
    },
  ],
  "one number in three protocols is three ports": [
    { ...cluster, ports: [port("u", 53, "UDP"), port("t", 53), port("s", 53, "SCTP")] },
    {
      "default/web:u/UDP IPv4": ["cluster 10.96.0.1:53"],
      "default/web:t/TCP IPv4": ["cluster 10.96.0.1:53"],
      "default/web:s/SCTP IPv4": ["cluster 10.96.0.1:53"],
    },
  ],
  "one name in two protocols is two ports": [
    { ...cluster, ports: [port("dns", 53, "UDP"), port("dns", 53)] },
    {
      "default/web:dns/UDP IPv4": ["cluster 10.96.0.1:53"],
      "default/web:dns/TCP IPv4": ["cluster 10.96.0.1:53"],
    },
  ],
  "unnamed port is planned": [
    { ...cluster, ports: [port("", 80)] },
    { "default/web:/TCP IPv4": ["cluster 10.96.0.1:80"] },
  ],
};

describe("planService ways in", () => {
  for (const [name, [fields, expected]] of Object.entries(waysIn)) {
    test(name, () => {
      const found = plansOf(service("web", fields)).map(plan => [
        `${plan.key} ${plan.family}`,
        waysInto(plan),
      ]);
      assert.deepEqual(Object.fromEntries(found), expected);
    });
  }
});

/** Each of the six shapes a Service's addresses have, for both families: what is in `spec`, IPv4 address, IPv6 address. */
const familyCases: readonly (readonly [what: string, spec: object, v4: string, v6: string])[] = [
  ["old style IPv4", { clusterIP: "10.0.0.10" }, "10.0.0.10", ""],
  ["old style IPv6", { clusterIP: "2000::1" }, "", "2000::1"],
  ["single stack IPv4", { clusterIPs: ["10.0.0.10"], ipFamilies: ["IPv4"] }, "10.0.0.10", ""],
  ["single stack IPv6", { clusterIPs: ["2000::1"], ipFamilies: ["IPv6"] }, "", "2000::1"],
  [
    "dual stack IPv4 first",
    { clusterIPs: ["10.0.0.10", "2000::1"], ipFamilies: ["IPv4", "IPv6"] },
    "10.0.0.10",
    "2000::1",
  ],
  [
    "dual stack IPv6 first",
    { clusterIPs: ["2000::1", "10.0.0.10"], ipFamilies: ["IPv6", "IPv4"] },
    "10.0.0.10",
    "2000::1",
  ],
  ["old style IPv4 with leading zeros", { clusterIP: "010.0.0.010" }, "10.0.0.10", ""],
  ["empty list of families", { clusterIP: "10.0.0.10", ipFamilies: [] }, "10.0.0.10", ""],
  [
    "second address still missing",
    { clusterIPs: ["10.0.0.10"], ipFamilies: ["IPv4", "IPv6"] },
    "10.0.0.10",
    "",
  ],
];

describe("planService cluster IP by family", () => {
  for (const [what, spec, v4, v6] of familyCases) {
    const plans = plansOf(
      trim("Service", { metadata: { name: "web" }, spec: { ...spec, ports: [{ port: 80 }] } }),
    );
    for (const [family, expected] of [
      ["IPv4", v4],
      ["IPv6", v6],
    ]) {
      test(`${what}, want ${family}, is ${expected || "none"}`, () => {
        const found = plans.filter(plan => plan.family === family).map(({ clusterIP }) => clusterIP);
        assert.deepEqual(found, expected === "" ? [] : [expected]);
      });
    }
  }
});

const local = { externalTrafficPolicy: "Local", healthCheckNodePort: 32000 } as const;

const policies: Readonly<Record<string, [Partial<Service>, string]>> = {
  "no policy written": [{}, "internal Cluster, external Cluster, health 0"],
  "internal Local": [{ internalTrafficPolicy: "Local" }, "internal Local, external Cluster, health 0"],
  "external Local on a cluster IP alone": [local, "internal Cluster, external Cluster, health 0"],
  "external Local with external IPs": [
    { ...local, externalIPs: ["203.0.113.5"] },
    "internal Cluster, external Local, health 0",
  ],
  "external Local on a node port": [
    { ...local, type: "NodePort" },
    "internal Cluster, external Local, health 0",
  ],
  "external Local on a load balancer": [
    { ...local, type: "LoadBalancer" },
    "internal Cluster, external Local, health 32000",
  ],
  "external Local on a load balancer without a health check port": [
    { ...local, type: "LoadBalancer", healthCheckNodePort: 0 },
    "internal Cluster, external Local, health 0",
  ],
  "external Cluster on a load balancer with a health check port left over": [
    { type: "LoadBalancer", healthCheckNodePort: 32000 },
    "internal Cluster, external Cluster, health 0",
  ],
};

describe("planService policies", () => {
  for (const [what, [fields, expected]] of Object.entries(policies)) {
    test(`${what} is ${expected}`, () => {
      const [plan] = plansOf(service("web", { ...cluster, ...fields }));
      const { internalPolicy, externalPolicy, healthCheckNodePort } = plan as ServicePortPlan;
      assert.equal(
        `internal ${internalPolicy}, external ${externalPolicy}, health ${healthCheckNodePort}`,
        expected,
      );
    });
  }

  test("affinity timeout of the Service is on every port", () => {
    const web = service("web", {
      ...cluster,
      affinityTimeoutSeconds: 60,
      ports: [port("a", 1), port("b", 2)],
    });
    assert.deepEqual(
      plansOf(web).map(plan => plan.affinityTimeoutSeconds),
      [60, 60],
    );
  });

  test("source ranges of the Service are on each family's plan", () => {
    const web = service("web", {
      clusterIPs: ["10.96.0.1", "fd00::1"],
      loadBalancerSourceRanges: ["203.0.113.0/24"],
    });
    assert.deepEqual(
      plansOf(web).map(plan => plan.loadBalancerSources),
      [["203.0.113.0/24"], undefined],
    );
  });
});

test("planService gives each family and port the endpoints of its own slices", () => {
  const web = service("web", {
    clusterIPs: ["10.96.0.1", "fd00::1"],
    ports: [port("http", 80), port("metrics", 81)],
  });
  const plans = plansOf(
    web,
    slice("web", [endpointOfPod("10.2.0.1", "web-0")], { name: "v4" }),
    slice("web", ["fd02::1"], { name: "v6", addressType: "IPv6" }),
    slice("web", ["web.example"], { name: "fqdn", addressType: "FQDN" }),
    slice("other", ["10.2.0.9"]),
    slice("web", ["10.2.0.8"], { namespace: "elsewhere" }),
  );
  assert.deepEqual(
    plans.map(plan => [plan.portName, plan.family, plan.clusterEndpoints]),
    [
      ["http", "IPv4", [{ address: "10.2.0.1", port: 8080, podName: "web-0", isLocal: false }]],
      ["metrics", "IPv4", []],
      ["http", "IPv6", [{ address: "fd02::1", port: 8080, podName: undefined, isLocal: false }]],
      ["metrics", "IPv6", []],
    ],
  );
});
