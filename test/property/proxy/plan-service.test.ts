import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Endpoint, EndpointSlice, Service } from "../../../src/cluster/objects.ts";
import { endpointKey } from "../../../src/proxy/plan/candidate-endpoints.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { clusterOf, endpointOfPod, port, service, slice } from "../../proxy/cluster-fixture.ts";

const ready = { isReady: true, isServing: true, isTerminating: false };
const unready = { isReady: false, isServing: false, isTerminating: false };
const draining = { isReady: false, isServing: true, isTerminating: true };

// Few addresses, ports and names, so that records of one endpoint meet.
const anyEndpoint: fc.Arbitrary<Endpoint> = fc
  .record({
    address: fc.constantFrom("10.2.0.1", "10.2.0.2", "10.2.0.10", "10.02.0.1", "fd00::1", "web.example"),
    podName: fc.constantFrom("a", "b"),
    conditions: fc.constantFrom(ready, ready, unready, draining, ready, { ...ready, isTerminating: true }),
    nodeName: fc.constantFrom("n1", "n2"),
    hints: fc.option(
      fc.record({
        zones: fc.subarray(["zone-a", "zone-b"]),
        nodes: fc.subarray(["n1", "n2"]),
      }),
      { nil: undefined },
    ),
  })
  .map(({ address, podName, conditions, ...fields }) => {
    return { ...endpointOfPod(address, podName), ...conditions, ...fields };
  });

const anySlices: fc.Arbitrary<readonly EndpointSlice[]> = fc
  .array(
    fc.record({
      endpoints: fc.array(anyEndpoint, { maxLength: 6 }),
      addressType: fc.constantFrom("IPv4", "IPv4", "IPv6", "FQDN"),
      ports: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom("http", "https"),
          protocol: fc.constantFrom("TCP", "UDP"),
          port: fc.constantFrom(undefined, 0, 80, 8080, 8080, 8080),
        }),
        { maxLength: 2, selector: ({ name, protocol }) => `${name} ${protocol}` },
      ),
    }),
    { maxLength: 5 },
  )
  .map(parts => parts.map((part, index) => slice("web", part.endpoints, { ...part, name: `web-${index}` })));

const anyService: fc.Arbitrary<Service> = fc
  .record({
    internalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
    externalTrafficPolicy: fc.constantFrom("Cluster", "Local"),
    nodePort: fc.constantFrom(0, 30080),
  })
  .map(({ nodePort, ...policies }) =>
    service("web", {
      ...policies,
      type: "NodePort",
      clusterIPs: ["10.96.0.1", "fd00:96::1"],
      ports: [port("http", 80, "TCP", nodePort), port("https", 443)],
    }),
  );

function plan(subject: Service, slices: readonly EndpointSlice[]): readonly ServicePortPlan[] {
  const node = { name: "n1", zone: "zone-a", addresses: [] };
  return planService(clusterOf(subject, ...slices), subject, node);
}

test("plan of any Service is the same in every order of slices, endpoints and slice ports", () => {
  fc.assert(
    fc.property(anyService, anySlices, (subject, slices) => {
      const reversed = slices.toReversed().map(one => ({
        ...one,
        endpoints: one.endpoints.toReversed(),
        ports: one.ports.toReversed(),
      }));
      assert.deepEqual(plan(subject, reversed), plan(subject, slices));
    }),
  );
});

test("plan of any Service is the same with copies of its slices, in order or in a later state of terminating", () => {
  fc.assert(
    fc.property(anyService, anySlices, (subject, slices) => {
      const alive = slices.map(one => ({ ...one, endpoints: one.endpoints.filter(e => !e.isTerminating) }));
      const copies = alive.map(one => ({ ...one, name: `${one.name}-copy` }));
      const leaving = alive.map(one => ({
        ...one,
        name: `${one.name}-leaving`,
        endpoints: one.endpoints.map(e => ({ ...e, isTerminating: true, isServing: true, isReady: true })),
      }));
      assert.deepEqual(plan(subject, [...copies, ...alive, ...leaving]), plan(subject, alive));
    }),
  );
});

test("lists of any plan are sorted, distinct, of the node where they are local, and empty without endpoints", () => {
  fc.assert(
    fc.property(anyService, anySlices, (subject, slices) => {
      for (const { clusterEndpoints, localEndpoints, hasEndpoints } of plan(subject, slices)) {
        for (const list of [clusterEndpoints, localEndpoints]) {
          const keys = list.map(endpointKey);
          assert.deepEqual(keys, [...new Set(keys)].sort());
        }
        assert.ok(localEndpoints.every(({ isLocal }) => isLocal));
        assert.ok(hasEndpoints || clusterEndpoints.length + localEndpoints.length === 0);
      }
    }),
  );
});

test("cluster list of any plan that uses one has endpoints exactly when the plan has", () => {
  fc.assert(
    fc.property(anyService, anySlices, (subject, slices) => {
      for (const one of plan(subject, slices)) {
        const isUsed = one.internalPolicy === "Cluster" || one.nodePort !== 0;
        assert.equal(one.clusterEndpoints.length > 0, isUsed && one.hasEndpoints);
      }
    }),
  );
});
