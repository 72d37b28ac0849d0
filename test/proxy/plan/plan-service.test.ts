import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Service } from "../../../src/cluster/objects.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import { clusterOf, port, service, slice } from "../cluster-fixture.ts";

const nodePortAddresses = ["127.0.0.1", "::1"];

/** `kind address port` of every way in, by service port and family. */
function waysInto(subject: Service): Record<string, string[]> {
  const plans = planService(clusterOf(subject), subject, nodePortAddresses);
  return Object.fromEntries(
    plans.map(({ key, family, waysIn }) => [
      `${key} ${family}`,
      waysIn.map(way => `${way.kind} ${way.address} ${way.port}`),
    ]),
  );
}

const vip = { ip: "10.1.0.1", hostname: "", ipMode: "VIP" } as const;

const cases: Readonly<Record<string, [Partial<Service>, Record<string, string[]>]>> = {
  "cluster IP is the one way in": [
    { clusterIPs: ["10.0.0.1"] },
    { "default/web:http/TCP IPv4": ["ClusterIP 10.0.0.1 80"] },
  ],
  "headless Service has no way in": [{ isHeadless: true, externalIPs: ["10.9.0.1"] }, {}],
  "Service without a cluster IP yet has no way in": [{ clusterIPs: [] }, {}],
  "ExternalName Service has no way in, even with a cluster IP": [
    { type: "ExternalName", clusterIPs: ["10.0.0.1"] },
    {},
  ],
  "Service labelled for another proxy has no way in": [
    { clusterIPs: ["10.0.0.1"], labels: { "service.kubernetes.io/service-proxy-name": "" } },
    {},
  ],
  "node port is served on the node port addresses of the family": [
    { type: "NodePort", clusterIPs: ["10.0.0.1"], ports: [port("http", 80, "TCP", 30080)] },
    { "default/web:http/TCP IPv4": ["ClusterIP 10.0.0.1 80", "NodePort 127.0.0.1 30080"] },
  ],
  "load balancer addresses count unless the balancer is a proxy of its own or a host name": [
    {
      type: "LoadBalancer",
      clusterIPs: ["10.0.0.1"],
      loadBalancerIngress: [
        vip,
        { ...vip, ip: "10.1.0.2", ipMode: "Proxy" },
        { ...vip, ip: "", hostname: "lb.example" },
      ],
    },
    { "default/web:http/TCP IPv4": ["ClusterIP 10.0.0.1 80", "LoadBalancer 10.1.0.1 80"] },
  ],
  "external IPs that are empty, no address or of the other family are skipped": [
    { clusterIPs: ["10.0.0.1"], externalIPs: ["", "web.example", "fd00::1", "10.9.0.1"] },
    { "default/web:http/TCP IPv4": ["ClusterIP 10.0.0.1 80", "ExternalIP 10.9.0.1 80"] },
  ],
  "address given twice is one way in": [
    { clusterIPs: ["10.0.0.1"], externalIPs: ["10.1.0.1", "10.001.0.1"], loadBalancerIngress: [vip] },
    { "default/web:http/TCP IPv4": ["ClusterIP 10.0.0.1 80", "ExternalIP 10.1.0.1 80"] },
  ],
  "dual stack gives each family its own ways in": [
    {
      clusterIPs: ["fd00::1", "10.0.0.1"],
      ports: [port("http", 80, "TCP", 30080)],
      externalIPs: ["fd00:0:0::9"],
    },
    {
      "default/web:http/TCP IPv4": ["ClusterIP 10.0.0.1 80", "NodePort 127.0.0.1 30080"],
      "default/web:http/TCP IPv6": ["ClusterIP fd00::1 80", "ExternalIP fd00::9 80", "NodePort ::1 30080"],
    },
  ],
  "ports with one number and two protocols are two": [
    { clusterIPs: ["10.0.0.1"], ports: [port("dns", 53, "UDP"), port("dns-tcp", 53)] },
    {
      "default/web:dns/UDP IPv4": ["ClusterIP 10.0.0.1 53"],
      "default/web:dns-tcp/TCP IPv4": ["ClusterIP 10.0.0.1 53"],
    },
  ],
  "unnamed port is planned": [
    { clusterIPs: ["10.0.0.1"], ports: [port("", 80)] },
    { "default/web:/TCP IPv4": ["ClusterIP 10.0.0.1 80"] },
  ],
};

describe("planService ways in", () => {
  for (const [name, [fields, expected]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(waysInto(service("web", fields)), expected));
  }
});

describe("planService endpoints", () => {
  test("each family and port gets the endpoints of its own slices", () => {
    const web = service("web", {
      clusterIPs: ["10.0.0.1", "fd00::1"],
      ports: [port("http", 80), port("metrics", 81)],
    });
    const cluster = clusterOf(
      web,
      slice("web", ["10.2.0.1"], { name: "v4" }),
      slice("web", ["fd02::1"], { name: "v6", addressType: "IPv6" }),
      slice("web", ["web.example"], { name: "fqdn", addressType: "FQDN" }),
      slice("other", ["10.2.0.9"]),
      slice("web", ["10.2.0.8"], { namespace: "elsewhere" }),
    );
    const found = planService(cluster, web, []).map(plan => [plan.portName, plan.family, plan.endpoints]);
    assert.deepEqual(found, [
      ["http", "IPv4", [{ address: "10.2.0.1", port: 8080, podName: undefined }]],
      ["metrics", "IPv4", []],
      ["http", "IPv6", [{ address: "fd02::1", port: 8080, podName: undefined }]],
      ["metrics", "IPv6", []],
    ]);
  });

  test("affinity timeout of the Service is on every port", () => {
    const web = service("web", { clusterIPs: ["10.0.0.1"], affinityTimeoutSeconds: 60 });
    const [plan] = planService(clusterOf(web), web, []);
    assert.equal(plan?.affinityTimeoutSeconds, 60);
  });
});
