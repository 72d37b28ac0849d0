import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { UdpFlow } from "../../../src/proxy/conntrack/udp-flow.ts";
import { parseUdpFlow } from "../../../src/proxy/conntrack/udp-flow.ts";
import { UdpFrontends } from "../../../src/proxy/conntrack/udp-frontends.ts";
import { endpoint, port } from "../cluster-fixture.ts";
import { everyWayIn, idleEndpoint, udpPortsOf } from "./udp-service.ts";

const key = "default/cleanup-test";
const serving = "10.240.0.4";
const idle = "10.240.1.5";
const deleted = "10.240.2.6";
const nodeAddress = "192.168.1.7";
const serviceAddresses = ["172.30.1.1", "1.2.3.4", "192.168.99.100"];

function frontendsOf(...applied: Parameters<typeof udpPortsOf>[]): UdpFrontends {
  const frontends = new UdpFrontends();
  for (const [fields, endpoints, family] of applied) {
    frontends.apply(key, udpPortsOf(fields, endpoints, family));
  }
  return frontends;
}

function isStale(frontends: UdpFrontends, flow: UdpFlow): boolean {
  return frontends.isStale(flow, address => address === nodeAddress);
}

/** `172.30.1.1:8000 > 10.240.0.4:9090`. */
function flow(text: string): UdpFlow {
  const match = /^(.+):(\d+) > (.+):(\d+)$/.exec(text);
  const [, destination = "", destinationPort, backend = "", backendPort] = match ?? [];
  return { destination, destinationPort: Number(destinationPort), backend, backendPort: Number(backendPort) };
}

describe("kube-proxy's table of flows to a Service with one endpoint that serves and one that does not", () => {
  const frontends = frontendsOf([everyWayIn, [serving, idleEndpoint(idle)]]);
  const entry = (protocol: string, { destination, destinationPort, backend, backendPort }: UdpFlow) =>
    `ipv4     2 ${protocol}      17 9 src=10.0.0.1 dst=${destination} sport=7 dport=${destinationPort} [UNREPLIED] src=${backend} dst=10.0.0.1 sport=${backendPort} dport=7 mark=0 use=1`;
  const check = (protocol: string, text: string, expected: boolean) => {
    test(`isStale ${protocol} ${text} is ${expected}`, () => {
      const parsed = parseUdpFlow(entry(protocol, flow(text)));
      assert.equal(parsed !== undefined && isStale(frontends, parsed), expected);
    });
  };

  for (const address of serviceAddresses) {
    check("udp", `${address}:8000 > ${serving}:8080`, true);
    for (const [backend, isGone] of [
      [serving, false],
      [idle, true],
      [deleted, true],
    ] as const) {
      for (const protocol of ["udp", "tcp", "sctp"]) {
        check(protocol, `${address}:8000 > ${backend}:9090`, protocol === "udp" && isGone);
        check(protocol, `${address}:3000 > ${backend}:9090`, false);
      }
    }
    check("udp", `${address}:8000 > ${address}:8000`, true);
    check("udp", `${address}:3000 > ${address}:3000`, false);
  }
  for (const [backend, isGone] of [
    [serving, false],
    [idle, true],
    [deleted, true],
  ] as const) {
    for (const protocol of ["udp", "tcp", "sctp"]) {
      check(protocol, `${nodeAddress}:32000 > ${backend}:9090`, protocol === "udp" && isGone);
      check(protocol, `203.0.113.9:32000 > ${backend}:9090`, protocol === "udp" && isGone);
    }
  }
});

for (const [what, history, text, expected] of [
  [
    "to the node port of this node, never translated",
    [[everyWayIn, [serving]]],
    `${nodeAddress}:32000 > ${nodeAddress}:32000`,
    true,
  ],
  [
    "to the same port of some other machine",
    [[everyWayIn, [serving]]],
    "203.0.113.9:32000 > 203.0.113.9:32000",
    false,
  ],
  [
    "of an endpoint scaled away, another left",
    [
      [everyWayIn, [serving, deleted]],
      [everyWayIn, [serving]],
    ],
    `172.30.1.1:8000 > ${deleted}:9090`,
    true,
  ],
  [
    "of the last endpoint scaled away",
    [
      [everyWayIn, [serving]],
      [everyWayIn, []],
    ],
    `172.30.1.1:8000 > ${serving}:9090`,
    true,
  ],
  [
    "of the last endpoint scaled away, by node port",
    [
      [everyWayIn, [serving]],
      [everyWayIn, []],
    ],
    `${nodeAddress}:32000 > ${serving}:9090`,
    true,
  ],
  [
    "of the only endpoint, which serves no more",
    [
      [everyWayIn, [serving]],
      [everyWayIn, [idleEndpoint(serving)]],
    ],
    `172.30.1.1:8000 > ${serving}:9090`,
    false,
  ],
  [
    "of an endpoint that serves while it terminates",
    [[everyWayIn, [endpoint(serving, { isReady: false, isTerminating: true }), deleted]]],
    `172.30.1.1:8000 > ${serving}:9090`,
    false,
  ],
  [
    "of an endpoint on another node under policy Local",
    [[{ ...everyWayIn, internalTrafficPolicy: "Local", externalTrafficPolicy: "Local" }, [serving]]],
    `172.30.1.1:8000 > ${serving}:9090`,
    false,
  ],
  [
    "never translated, to a Service that nobody serves",
    [[everyWayIn, []]],
    "172.30.1.1:8000 > 172.30.1.1:8000",
    false,
  ],
  [
    "through a node port that was changed, its endpoint serving",
    [
      [everyWayIn, [serving]],
      [{ ...everyWayIn, ports: [port("test-udp", 8000, "UDP", 32001)] }, [serving]],
    ],
    `${nodeAddress}:32000 > ${serving}:9090`,
    false,
  ],
  [
    "through a node port that was changed, its endpoint gone since",
    [
      [everyWayIn, [serving]],
      [{ ...everyWayIn, ports: [port("test-udp", 8000, "UDP", 32001)] }, [serving]],
      [{ ...everyWayIn, ports: [port("test-udp", 8000, "UDP", 32001)] }, [deleted]],
    ],
    `${nodeAddress}:32000 > ${serving}:9090`,
    true,
  ],
  [
    "never translated, to a node port that is none any more",
    [
      [everyWayIn, [serving]],
      [{ ...everyWayIn, ports: [port("test-udp", 8000, "UDP", 32001)] }, [serving]],
    ],
    `${nodeAddress}:32000 > ${nodeAddress}:32000`,
    false,
  ],
  [
    "through a port that was taken from the Service",
    [
      [everyWayIn, [serving]],
      [{ ...everyWayIn, ports: [port("test-tcp", 8000)] }, [serving]],
    ],
    `172.30.1.1:8000 > ${serving}:9090`,
    true,
  ],
  [
    "of a Service that moved to another cluster IP",
    [
      [everyWayIn, [serving]],
      [{ ...everyWayIn, clusterIPs: ["172.30.1.2"] }, [deleted]],
    ],
    `172.30.1.1:8000 > ${serving}:9090`,
    true,
  ],
  [
    "to a node port number that is a Service port elsewhere",
    [[{ ...everyWayIn, ports: [port("test-udp", 32000, "UDP", 32000)] }, [serving]]],
    `172.30.1.1:32000 > ${serving}:9090`,
    false,
  ],
] as readonly (readonly [string, Parameters<typeof udpPortsOf>[], string, boolean])[]) {
  test(`isStale flow ${what} is ${expected}`, () => {
    assert.equal(isStale(frontendsOf(...history), flow(text)), expected);
  });
}

test("isStale flow of IPv6 to a Service of both families follows the endpoints of IPv6", () => {
  const both: Partial<Parameters<typeof udpPortsOf>[0]> = {
    clusterIPs: ["172.30.1.1", "fd30:0::1"],
    ipFamilies: ["IPv4", "IPv6"],
    ports: [port("test-udp", 8000, "UDP")],
  };
  const frontends = frontendsOf([both, ["fd00:0::4"], "IPv6"]);
  assert.deepEqual(
    [
      isStale(frontends, flow("fd30::1:8000 > fd00::4:9090")),
      isStale(frontends, flow("fd30::1:8000 > fd00::5:9090")),
    ],
    [false, true],
  );
});

test("isStale flow of a deleted Service is true until it has been dealt with", () => {
  const frontends = frontendsOf([everyWayIn, [serving]]);
  const kept = flow(`172.30.1.1:8000 > ${serving}:9090`);
  assert.equal(isStale(frontends, kept), false);
  frontends.apply(key, []);
  const untouched = flow("172.30.1.1:8000 > 172.30.1.1:8000");
  assert.deepEqual([isStale(frontends, kept), isStale(frontends, untouched)], [true, false]);
  frontends.forgetting()();
  assert.equal(isStale(frontends, kept), false);
});

test("forgetting leaves Services alone that were deleted after it was asked for", () => {
  const frontends = frontendsOf([everyWayIn, [serving]]);
  const forget = frontends.forgetting();
  frontends.apply(key, []);
  forget();
  assert.equal(isStale(frontends, flow(`172.30.1.1:8000 > ${serving}:9090`)), true);
});

test("isStale flow of a Service that was deleted and made again follows the new one", () => {
  const frontends = frontendsOf([everyWayIn, [serving]]);
  frontends.apply(key, []);
  frontends.apply(key, udpPortsOf(everyWayIn, [serving]));
  const [kept, gone] = [flow(`172.30.1.1:8000 > ${serving}:9090`), flow(`172.30.1.1:8000 > ${deleted}:9090`)];
  assert.deepEqual([isStale(frontends, kept), isStale(frontends, gone)], [false, true]);
  frontends.forgetting()();
  assert.deepEqual([isStale(frontends, kept), isStale(frontends, gone)], [false, true]);
});

test("isStale flow to an address of two Services is false while one of them has its endpoint", () => {
  const frontends = frontendsOf([everyWayIn, [serving]]);
  frontends.apply("default/other", udpPortsOf({ ...everyWayIn, clusterIPs: ["172.30.1.9"] }, [deleted]));
  const shared = [serving, deleted, idle].map(backend => flow(`192.168.99.100:8000 > ${backend}:9090`));
  assert.deepEqual(
    shared.map(one => isStale(frontends, one)),
    [false, false, true],
  );
});

const moved = { ...everyWayIn, clusterIPs: ["172.30.1.2"] };
for (const [what, before, after, expected] of [
  ["a Service is new and served", undefined, [everyWayIn, [serving]], true],
  ["a Service is new and nobody serves it", undefined, [everyWayIn, []], false],
  ["nothing is different", [everyWayIn, [serving]], [everyWayIn, [serving]], false],
  ["an endpoint comes", [everyWayIn, [serving]], [everyWayIn, [serving, idle]], false],
  ["the first endpoint comes", [everyWayIn, []], [everyWayIn, [serving]], true],
  ["an endpoint goes", [everyWayIn, [serving, idle]], [everyWayIn, [serving]], true],
  [
    "an endpoint serves no more",
    [everyWayIn, [serving, idle]],
    [everyWayIn, [serving, idleEndpoint(idle)]],
    true,
  ],
  ["the only endpoint serves no more", [everyWayIn, [serving]], [everyWayIn, [idleEndpoint(serving)]], false],
  ["the last endpoint goes", [everyWayIn, [serving]], [everyWayIn, []], true],
  ["a way in comes", [everyWayIn, [serving]], [moved, [serving]], true],
] as readonly (readonly [
  string,
  Parameters<typeof udpPortsOf> | undefined,
  Parameters<typeof udpPortsOf>,
  boolean,
])[]) {
  test(`apply says that cleaning is ${expected ? "" : "not "}needed when ${what}`, () => {
    const frontends = new UdpFrontends();
    if (before !== undefined) frontends.apply(key, udpPortsOf(...before));
    assert.equal(frontends.apply(key, udpPortsOf(...after)), expected);
  });
}

test("apply says that cleaning is needed when a Service is deleted, once", () => {
  const frontends = frontendsOf([everyWayIn, [serving]]);
  assert.deepEqual([frontends.apply(key, []), frontends.apply(key, [])], [true, false]);
});
