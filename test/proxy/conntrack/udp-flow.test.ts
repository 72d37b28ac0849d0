import assert from "node:assert/strict";
import { test } from "node:test";
import { isTranslated, parseUdpFlow } from "../../../src/proxy/conntrack/udp-flow.ts";

const translated = {
  destination: "10.96.0.10",
  destinationPort: 53,
  backend: "10.244.0.9",
  backendPort: 5353,
};

for (const [what, line, expected] of [
  [
    "of a flow with replies",
    "ipv4     2 udp      17 99 src=10.0.0.1 dst=10.96.0.10 sport=1001 dport=53 src=10.244.0.9 dst=10.0.0.1 sport=5353 dport=1001 [ASSURED] mark=0 use=1",
    translated,
  ],
  [
    "of a flow without replies",
    "ipv4     2 udp      17 29 src=10.0.0.1 dst=10.96.0.10 sport=1001 dport=53 [UNREPLIED] src=10.244.0.9 dst=10.0.0.1 sport=5353 dport=1001 mark=0 secctx=null use=2",
    translated,
  ],
  [
    "with accounting and a zone",
    "ipv4     2 udp      17 29 src=10.0.0.1 dst=10.96.0.10 sport=1001 dport=53 packets=3 bytes=90 src=10.244.0.9 dst=10.0.0.1 sport=5353 dport=1001 packets=3 bytes=90 zone=4 use=1",
    translated,
  ],
  [
    "of an offloaded flow, which has no time-out",
    "ipv4     2 udp      17 src=10.0.0.1 dst=10.96.0.10 sport=1001 dport=53 src=10.244.0.9 dst=10.0.0.1 sport=5353 dport=1001 [OFFLOAD] mark=0 use=3",
    translated,
  ],
  [
    "of IPv6",
    "ipv6     10 udp      17 9 src=fd00::1 dst=fd96::a sport=1 dport=53 [UNREPLIED] src=fd00:10::1 dst=fd00::1 sport=5353 dport=1 mark=0 use=1",
    { destination: "fd96::a", destinationPort: 53, backend: "fd00:10::1", backendPort: 5353 },
  ],
  [
    "of another protocol",
    "ipv4     2 tcp      6 9 SYN_SENT src=10.0.0.1 dst=10.96.0.10 sport=1 dport=53 [UNREPLIED] src=10.244.0.9 dst=10.0.0.1 sport=5353 dport=1 mark=0 use=1",
    undefined,
  ],
  ["that ends too early", "ipv4     2 udp      17 9 src=10.0.0.1 dst=10.96.0.10 sport=1 dport=53", undefined],
  ["that is empty", "", undefined],
] as const) {
  test(`parseUdpFlow line ${what} gives ${expected === undefined ? "nothing" : "both ends"}`, () => {
    assert.deepEqual(parseUdpFlow(line), expected);
  });
}

test("isTranslated flow that is answered from where it was sent to is false", () => {
  const untouched = { ...translated, backend: "10.96.0.10", backendPort: 53 };
  assert.deepEqual(
    [translated, untouched, { ...untouched, backendPort: 54 }].map(flow => isTranslated(flow)),
    [true, false, true],
  );
});
