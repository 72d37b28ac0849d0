import fc from "fast-check";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { localEndpoint, plan, remoteEndpoint } from "./plan-fixture.ts";

const endpoint = fc.constantFrom(
  localEndpoint("10.244.1.1"),
  localEndpoint("10.244.1.2"),
  localEndpoint("10.244.1.2", 9090),
  remoteEndpoint("10.244.2.1"),
  remoteEndpoint("10.244.2.2"),
);
const endpoints = fc.uniqueArray(endpoint, { maxLength: 4 });
const policy = fc.constantFrom("Cluster" as const, "Local" as const);
const addresses = fc.subarray(["198.51.100.1", "198.51.100.2", "10.96.0.1"]);
const names = ["one", "two", "three", "four"];

const fields = fc.record({
  clusterEndpoints: endpoints,
  localEndpoints: endpoints,
  hasEndpoints: fc.boolean(),
  internalPolicy: policy,
  externalPolicy: policy,
  externalIPs: addresses,
  loadBalancerIPs: addresses,
  loadBalancerSources: fc.constantFrom(undefined, [], ["10.0.0.0/8", "192.0.2.0/24"], ["192.0.0.0/8"]),
  nodePort: fc.constantFrom(0, 30080, 30081),
  affinityTimeoutSeconds: fc.constantFrom(undefined, undefined, 60, 120),
  protocol: fc.constantFrom("TCP" as const, "UDP" as const),
});

function plansOf(name: string, ports: readonly Partial<ServicePortPlan>[]): readonly ServicePortPlan[] {
  return ports.map(own => plan(name, { clusterIP: `10.96.0.${names.indexOf(name) + 1}`, ...own }));
}

/** Some of four Services with a port each, or gone; they claim the same addresses, node ports and endpoints. */
export const anyChange = fc
  .dictionary(
    fc.constantFrom(...names),
    fc.oneof({ weight: 4, arbitrary: fields.map(own => [own]) }, { weight: 1, arbitrary: fc.constant([]) }),
  )
  .map(
    services =>
      new Map(Object.entries(services).map(([name, ports]) => [`default/${name}`, plansOf(name, ports)])),
  );
