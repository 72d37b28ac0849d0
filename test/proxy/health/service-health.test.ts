import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice } from "../../../src/cluster/objects.ts";
import { proxyModePage } from "../../../src/proxy/health/health-pages.ts";
import { localReadyEndpointCount, serviceHealthPage } from "../../../src/proxy/health/service-health.ts";
import { endpoint, slice } from "../cluster-fixture.ts";

const web = { namespace: "shop", name: "web", port: 30080 };

for (const [localEndpointCount, isProxyHealthy, status] of [
  [2, true, 200],
  [0, true, 503],
  [2, false, 503],
] as const) {
  test(`serviceHealthPage with ${localEndpointCount} endpoints and a proxy that is ${isProxyHealthy ? "" : "not "}healthy is kube-proxy's ${status}`, () => {
    assert.deepEqual(serviceHealthPage({ ...web, localEndpointCount }, isProxyHealthy), {
      status,
      headers: {
        "Content-Type": "application/json",
        "X-Content-Type-Options": "nosniff",
        "X-Load-Balancing-Endpoint-Weight": String(localEndpointCount),
      },
      body: [
        "{",
        '\t"service": {',
        '\t\t"namespace": "shop",',
        '\t\t"name": "web"',
        "\t},",
        `\t"localEndpoints": ${localEndpointCount},`,
        `\t"serviceProxyHealthy": ${isProxyHealthy}`,
        "}",
      ].join("\n"),
    });
  });
}

test("proxyModePage is the bare word", () => {
  assert.deepEqual(proxyModePage("nftables"), {
    status: 200,
    headers: { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" },
    body: "nftables",
  });
});

const here = { nodeName: "here" };
const twoPorts = [
  { name: "http", protocol: "TCP", port: 8080 },
  { name: "https", protocol: "TCP", port: 8443 },
] as const;
for (const [what, slices, count] of [
  [
    "of this node and of others",
    [slice("web", [endpoint("10.0.0.1", here), endpoint("10.0.0.2", { nodeName: "there" })])],
    1,
  ],
  ["with two ports", [slice("web", [endpoint("10.0.0.1", here)], { ports: twoPorts })], 1],
  [
    "in two slices",
    [
      slice("web", [endpoint("10.0.0.1", here)]),
      slice("web", [endpoint("10.0.0.1", here), endpoint("10.0.0.3", here)], {
        name: "web-2",
        ports: twoPorts,
      }),
    ],
    2,
  ],
  ["that are not ready", [slice("web", [endpoint("10.0.0.1", { ...here, isReady: false })])], 0],
  [
    "that serve while they terminate",
    [slice("web", [endpoint("10.0.0.1", { ...here, isReady: false, isTerminating: true })])],
    0,
  ],
  ["of the other family", [slice("web", [endpoint("fd00::1", here)], { addressType: "IPv6" })], 0],
  ["without a port", [slice("web", [endpoint("10.0.0.1", here)], { ports: [] })], 0],
] as readonly (readonly [string, readonly EndpointSlice[], number])[]) {
  test(`localReadyEndpointCount of endpoints ${what} is ${count}`, () => {
    assert.equal(localReadyEndpointCount(slices, "IPv4", "here"), count);
  });
}
