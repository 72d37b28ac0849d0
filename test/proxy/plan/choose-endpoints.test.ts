/** Cluster list and local list of a Service port by policies, conditions and hints: the cases of kube-proxy's own table. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Endpoint, Service } from "../../../src/cluster/objects.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import { clusterOf, endpoint, port, service, slice } from "../cluster-fixture.ts";

const conditions: Readonly<Record<string, Partial<Endpoint>>> = {
  unready: { isReady: false, isServing: false },
  serving: { isReady: false, isServing: true },
  draining: { isReady: false, isServing: true, isTerminating: true },
  ending: { isReady: false, isServing: false, isTerminating: true },
  here: { nodeName: "n1" },
};

/** `3 zone-a zone-b node-n2 draining here`: endpoint 10.0.0.3 with its hints, its condition unless ready, and where it is. */
function endpointOf(text: string): Endpoint {
  const [number = "", ...words] = text.split(" ");
  const hinted = (kind: string) => words.filter(word => word.startsWith(kind)).map(word => word.slice(5));
  const [zones, nodes] = [hinted("zone-"), hinted("node-")];
  return endpoint(`10.0.0.${number}`, {
    nodeName: "n2",
    hints: zones.length + nodes.length === 0 ? undefined : { zones, nodes },
    ...Object.assign({}, ...words.map(word => conditions[word] ?? {})),
  });
}

interface Case {
  /** This node's zone. */
  readonly zone?: string;
  /** This node's name; n1 unless given. */
  readonly on?: string;
  readonly policies?: keyof typeof services;
  readonly endpoints: readonly string[];
  readonly cluster?: readonly number[];
  readonly local?: readonly number[];
  /** Unless one of the lists says so already. */
  readonly hasEndpoints?: true;
}

const nodePort: Partial<Service> = { type: "NodePort", ports: [port("http", 80, "TCP", 30080)] };
const services = {
  "internal Cluster": {},
  "internal Local": { internalTrafficPolicy: "Local" },
  "node port, external Local": { ...nodePort, externalTrafficPolicy: "Local" },
  "node port, internal Local": { ...nodePort, internalTrafficPolicy: "Local" },
  "node port, both Local": { ...nodePort, internalTrafficPolicy: "Local", externalTrafficPolicy: "Local" },
  "no way in from outside, external Local": { type: "LoadBalancer", externalTrafficPolicy: "Local" },
} as const satisfies Record<string, Partial<Service>>;

const zones = ["3 zone-a", "4 zone-b", "5 zone-c", "6 zone-a"];
const zonesTwoHere = ["3 zone-a here", "4 zone-b here", "5 zone-c", "6 zone-a"];
const nodesAndZones = ["3 zone-a node-n1", "4 zone-b node-n2", "5 zone-c node-n3", "6 zone-a node-n4"];

const cases: Readonly<Record<string, Case>> = {
  "zone hints on all endpoints and some for this zone choose those": {
    zone: "a",
    endpoints: zones,
    cluster: [3, 6],
  },
  "zone hints do not narrow the local list of external Local": {
    zone: "a",
    policies: "node port, external Local",
    endpoints: zonesTwoHere,
    cluster: [3, 6],
    local: [3, 4],
  },
  "zone hints do not narrow the local list of internal Local": {
    zone: "a",
    policies: "node port, internal Local",
    endpoints: zonesTwoHere,
    cluster: [3, 6],
    local: [3, 4],
  },
  "zone hints without a zone label on this node choose nothing out": {
    endpoints: ["3 zone-a"],
    cluster: [3],
  },
  "zone hints with an empty zone label on this node choose nothing out": {
    zone: "",
    endpoints: ["3 zone-a"],
    cluster: [3],
  },
  "zone hints for other zones only choose nothing out": { zone: "b", endpoints: ["3 zone-a"], cluster: [3] },
  "unready endpoint of this zone is left out": {
    zone: "a",
    endpoints: ["3 zone-a", "4 zone-b", "5 zone-c", "6 zone-a unready"],
    cluster: [3],
  },
  "zone whose endpoints are all unready gets those of other zones": {
    zone: "a",
    endpoints: ["3 zone-a unready", "4 zone-b", "5 zone-c", "6 zone-a unready"],
    cluster: [4, 5],
  },
  "one ready endpoint without a zone hint switches hints off": {
    zone: "a",
    endpoints: ["3 zone-a", "4 zone-b", "5", "6 zone-a"],
    cluster: [3, 4, 5, 6],
  },
  "one unready endpoint without a zone hint does not switch hints off": {
    zone: "a",
    endpoints: ["3 zone-a", "4 zone-b", "5 unready", "6 draining"],
    cluster: [3],
  },
  "endpoint hinted for several zones is chosen in each": {
    zone: "c",
    endpoints: ["3 zone-a zone-b zone-c", "4 zone-b zone-c", "5 zone-b zone-d", "6 zone-c"],
    cluster: [3, 4, 6],
  },
  "node hints on all endpoints and one for this node choose that": {
    zone: "a",
    endpoints: nodesAndZones,
    cluster: [3],
  },
  "one endpoint without any hint switches node hints off": {
    zone: "a",
    endpoints: ["3 zone-a node-n1", "4", "5 zone-c node-n3"],
    cluster: [3, 4, 5],
  },
  "one endpoint without a node hint leaves the zone hints": {
    zone: "a",
    endpoints: ["3 zone-a node-n1", "4 zone-b", "6 zone-a node-n4"],
    cluster: [3, 6],
  },
  "node hints for other nodes only leave the zone hints": {
    zone: "a",
    on: "n0",
    endpoints: nodesAndZones,
    cluster: [3, 6],
  },
  "node hints for other nodes only without zone hints choose nothing out": {
    zone: "a",
    on: "n0",
    endpoints: ["3 node-n1", "4 node-n2"],
    cluster: [3, 4],
  },
  "lists that hints and locality make differ stay apart": {
    zone: "a",
    policies: "node port, external Local",
    endpoints: ["0 zone-a here", "1 zone-b here", "2 zone-a", "3 zone-b"],
    cluster: [0, 2],
    local: [0, 1],
  },
  "internal Local without endpoints has none": { policies: "internal Local", endpoints: [] },
  "internal Local with remote endpoints only has endpoints, elsewhere": {
    policies: "internal Local",
    endpoints: ["0", "1"],
    hasEndpoints: true,
  },
  "internal Local with local endpoints only uses the local list": {
    policies: "internal Local",
    endpoints: ["0 here", "1 here"],
    local: [0, 1],
  },
  "internal Local with one local endpoint uses that": {
    policies: "internal Local",
    endpoints: ["0 here", "1"],
    local: [0],
  },
  "endpoints that are all unready are none": { endpoints: ["0 unready", "1 unready"] },
  "unready endpoint among ready ones is left out": { endpoints: ["0 unready", "1"], cluster: [1] },
  "endpoints that are all draining are used": {
    endpoints: ["0 draining here", "1 draining"],
    cluster: [0, 1],
  },
  "draining endpoint among ready ones is left out": { endpoints: ["0 draining here", "1"], cluster: [1] },
  "draining endpoints are used whatever their hints": {
    zone: "a",
    endpoints: ["3 zone-a draining", "4 zone-b draining"],
    cluster: [3, 4],
  },
  "internal Local beside a node port uses both lists": {
    policies: "node port, internal Local",
    endpoints: ["0 here", "1"],
    cluster: [0, 1],
    local: [0],
  },
  "external Local uses both lists": {
    policies: "node port, external Local",
    endpoints: ["0 here", "1"],
    cluster: [0, 1],
    local: [0],
  },
  "both Local uses both lists": {
    policies: "node port, both Local",
    endpoints: ["0 here", "1"],
    cluster: [0, 1],
    local: [0],
  },
  "both Local with remote endpoints only has an empty local list": {
    policies: "node port, both Local",
    endpoints: ["0", "1"],
    cluster: [0, 1],
  },
  "both Local with remote draining endpoints only has an empty local list": {
    policies: "node port, both Local",
    endpoints: ["0 draining", "1 draining"],
    cluster: [0, 1],
  },
  "draining endpoints stand in for each list on its own": {
    policies: "node port, external Local",
    endpoints: ["0", "1 unready here", "2 draining here", "3 draining"],
    cluster: [0],
    local: [2],
  },
  "external Local on a port that nothing outside leads to means nothing": {
    policies: "no way in from outside, external Local",
    endpoints: ["0", "1 here"],
    cluster: [0, 1],
  },
  "internal Local alone has no cluster list": {
    policies: "internal Local",
    endpoints: ["0", "1 here"],
    local: [1],
  },
  "no endpoints at all are none": { endpoints: [] },
  "endpoint that serves but is neither ready nor terminating does not count": { endpoints: ["0 serving"] },
  "endpoint that terminates and no longer serves does not count": { endpoints: ["0 ending"] },
};

function numbersOf(endpoints: readonly { readonly address: string }[]): number[] {
  return endpoints.map(({ address }) => Number(address.split(".")[3]));
}

describe("planService endpoint lists", () => {
  for (const [name, one] of Object.entries(cases)) {
    test(name, () => {
      const web = service("web", {
        clusterIPs: ["10.96.0.1"],
        ...services[one.policies ?? "internal Cluster"],
      });
      const cluster = clusterOf(web, slice("web", one.endpoints.map(endpointOf)));
      const [plan] = planService(cluster, web, { name: one.on ?? "n1", zone: one.zone, addresses: [] });
      const { cluster: wanted = [], local = [] } = one;
      assert.deepEqual(numbersOf(plan?.clusterEndpoints ?? []), wanted);
      assert.deepEqual(numbersOf(plan?.localEndpoints ?? []), local);
      assert.equal(plan?.hasEndpoints, one.hasEndpoints ?? wanted.length + local.length > 0);
    });
  }
});
