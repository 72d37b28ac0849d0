/** Node ports on loopback addresses: only where the settings say so, and then as from the node itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import { verdictFor } from "../../../src/proxy/plan/verdict.ts";
import { localEndpoint, plan, remoteEndpoint } from "../nftables/plan-fixture.ts";
import { plainSettings } from "../plain-settings.ts";

const off: ProxySettings = {
  ...plainSettings,
  localTraffic: { kind: "networks", networks: ["10.244.0.0/16", "fd44::/16"] },
};
const onIPv4: ProxySettings = { ...off, localhostNodePorts: { IPv4: true, IPv6: false } };
const on: ProxySettings = { ...off, localhostNodePorts: { IPv4: true, IPv6: true } };

function verdictOn(destination: string, port: number, settings: ProxySettings): string {
  const family = destination.includes(":") ? "IPv6" : "IPv4";
  const [near, far] = family === "IPv4" ? ["10.244.1.2", "10.244.9.2"] : ["fd44:1::2", "fd44:9::2"];
  const web = plan("web", {
    family,
    clusterIP: family === "IPv4" ? "10.96.0.1" : "fd96::1",
    nodePort: 30080,
    externalPolicy: "Local",
    clusterEndpoints: [localEndpoint(near), remoteEndpoint(far)],
    localEndpoints: [localEndpoint(near)],
  });
  const packet = { source: destination, destination, port, protocol: "TCP" } as const;
  const verdict = verdictFor([web], settings, { ...packet, from: "node", isToNode: true });
  return verdict.kind === "dnat" ? `${verdict.rule} to ${verdict.endpoints.length}` : verdict.kind;
}

for (const [what, destination, port, settings, expected] of [
  ["IPv4 node port without localhost is left alone", "127.0.0.1", 30080, off, "untouched"],
  ["IPv6 node port without localhost is left alone", "::1", 30080, onIPv4, "untouched"],
  [
    "IPv4 node port under policy Local goes to any node",
    "127.0.0.1",
    30080,
    onIPv4,
    "external-from-node to 2",
  ],
  ["IPv6 node port under policy Local goes to any node", "::1", 30080, on, "external-from-node to 2"],
  ["other loopback address is left alone", "127.0.0.2", 30080, on, "untouched"],
  ["port of the cluster IP is left alone", "127.0.0.1", 80, on, "untouched"],
] as const) {
  test(`localhost: ${what}`, () => assert.equal(verdictOn(destination, port, settings), expected));
}
