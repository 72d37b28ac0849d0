import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Service } from "../../../src/cluster/objects.ts";
import { familyOf } from "../../../src/cluster/objects.ts";
import { AddressRanges, parsePool } from "../../../src/proxy/load-balancer/address-ranges.ts";
import { allocateAddresses } from "../../../src/proxy/load-balancer/allocate-addresses.ts";
import { isPublished, poolClass } from "../../../src/proxy/load-balancer/claimed-service.ts";
import { balanced } from "./pool-fixture.ts";

const dual = { ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "PreferDualStack" } as const;
const elsewhere = { ip: "203.0.113.1", hostname: "", ipMode: "VIP" } as const;
const nobody: ReadonlyMap<string, string> = new Map();

function poolOf(text: string): AddressRanges {
  const pool = parsePool(text);
  assert.ok(pool instanceof AddressRanges);
  return pool;
}

/** `name address,address reason` for each assignment, by name. */
function allocate(pool: string, services: readonly Service[], reserved = nobody): readonly string[] {
  return allocateAddresses(services, poolOf(pool), reserved)
    .map(({ service, addresses, problems }) =>
      [service.name, addresses.join(",") || "none", ...problems.map(({ reason }) => reason)].join(" "),
    )
    .sort();
}

/** What the pool has is `192.0.2.1` to `192.0.2.2` and `fd01::1` unless the case says otherwise. */
const cases: readonly (readonly [
  what: string,
  services: readonly Service[],
  expected: readonly string[],
  pool?: string,
])[] = [
  ["a held address stays", [balanced("a", { has: ["192.0.2.2"] })], ["a 192.0.2.2"]],
  [
    "an address that two hold stays with the older",
    [balanced("a", { has: ["192.0.2.1"], age: 2 }), balanced("b", { has: ["192.0.2.1"], age: 1 })],
    ["a 192.0.2.2 AddressConflict", "b 192.0.2.1"],
  ],
  [
    "an address that two of one second hold stays with the first by name",
    [balanced("b", { has: ["192.0.2.1"] }), balanced("a", { has: ["192.0.2.1"] })],
    ["a 192.0.2.1", "b 192.0.2.2 AddressConflict"],
  ],
  ["an address asked for is given", [balanced("a", { loadBalancerIP: "192.0.2.2" })], ["a 192.0.2.2"]],
  [
    "an address asked for by a younger Service is not given to an older that does not care",
    [balanced("a", { age: 1 }), balanced("b", { age: 2, loadBalancerIP: "192.0.2.1" })],
    ["a 192.0.2.2", "b 192.0.2.1"],
  ],
  [
    "an address asked for that another holds is a conflict",
    [balanced("a", { age: 1, loadBalancerIP: "192.0.2.1" }), balanced("b", { age: 2, has: ["192.0.2.1"] })],
    ["a none AddressConflict", "b 192.0.2.1"],
  ],
  [
    "another address than the one asked for is given up",
    [balanced("a", { has: ["192.0.2.1"], loadBalancerIP: "192.0.2.2" })],
    ["a 192.0.2.2"],
  ],
  [
    "an address asked for outside the pool is a problem",
    [balanced("a", { loadBalancerIP: "10.0.0.1" }), balanced("b", { loadBalancerIP: "here" })],
    ["a none AddressNotInPool", "b none AddressNotInPool"],
  ],
  [
    "an address asked for of a family the Service does not have is a problem, and it gets another",
    [balanced("a", { has: ["192.0.2.1"], loadBalancerIP: "fd01::1" })],
    ["a 192.0.2.1 AddressNotInPool"],
  ],
  [
    "a pool that is used up is a problem",
    ["a", "b", "c"].map((name, age) => balanced(name, { age, has: age < 2 ? [`192.0.2.${age + 1}`] : [] })),
    ["a 192.0.2.1", "b 192.0.2.2", "c none NoAddressAvailable"],
  ],
  [
    "both families get one address each",
    [balanced("a", { ...dual, has: ["192.0.2.1"] })],
    ["a 192.0.2.1,fd01::1"],
  ],
  [
    "addresses stand in the order of the Service's families",
    [balanced("a", { ...dual, ipFamilies: ["IPv6", "IPv4"], has: ["192.0.2.1", "fd01::1"] })],
    ["a fd01::1,192.0.2.1"],
  ],
  [
    "a family the pool does not have is no problem where dual stack is only preferred",
    [balanced("a", { ...dual })],
    ["a 192.0.2.9"],
    "192.0.2.9/32",
  ],
  [
    "a family the pool does not have is a problem where dual stack is required",
    [balanced("a", { ...dual, ipFamilyPolicy: "RequireDualStack" })],
    ["a 192.0.2.9 NoAddressAvailable"],
    "192.0.2.9/32",
  ],
  [
    "a Service of a family the pool does not have gets nothing",
    [balanced("a", { ipFamilies: ["IPv6"] })],
    ["a none NoAddressAvailable"],
    "192.0.2.9/32",
  ],
  [
    "our class is ours and other classes are left alone",
    [
      balanced("a", { loadBalancerClass: poolClass, has: ["192.0.2.1"] }),
      balanced("b", { loadBalancerClass: "other" }),
    ],
    ["a 192.0.2.1"],
  ],
  [
    "a status that somebody else wrote is left alone",
    [
      balanced("a", { loadBalancerIngress: [elsewhere], loadBalancerWriter: "cloud" }),
      balanced("b", { loadBalancerIngress: [{ ip: "", hostname: "lb.example", ipMode: "VIP" }] }),
      balanced("c", { loadBalancerIngress: [{ ip: "192.0.2.1", hostname: "", ipMode: "Proxy" }] }),
    ],
    [],
  ],
  [
    "an address that a Service of somebody else uses is not given",
    [balanced("a"), balanced("b", { loadBalancerClass: "other", has: ["192.0.2.1"], age: 9 })],
    ["a 192.0.2.2"],
  ],
  [
    "an address outside the pool that we once wrote is replaced",
    [balanced("a", { loadBalancerIngress: [elsewhere], loadBalancerWriter: "frontdesk" })],
    ["a 192.0.2.9"],
    "192.0.2.9/32",
  ],
  [
    "a Service that is no load balancer any more loses what we wrote, and another may have it",
    [
      balanced("a", { type: "ClusterIP", has: ["192.0.2.9"], loadBalancerWriter: "frontdesk" }),
      balanced("b", { type: "NodePort", loadBalancerIngress: [elsewhere], loadBalancerWriter: "cloud" }),
      balanced("c", { type: "ClusterIP" }),
      balanced("d"),
    ],
    ["a none", "d 192.0.2.9"],
    "192.0.2.9/32",
  ],
];

for (const [what, services, expected, pool = "192.0.2.1-192.0.2.2,fd01::1/128"] of cases) {
  test(`allocateAddresses: ${what}`, () => {
    assert.deepEqual(allocate(pool, services), expected);
  });
}

test("allocateAddresses gives a node's address to nobody, not even to who holds it or asks for it", () => {
  const services = [balanced("a", { has: ["192.0.2.1"] }), balanced("b", { loadBalancerIP: "192.0.2.1" })];
  const reserved = new Map([["192.0.2.1", "node n1"]]);
  assert.deepEqual(allocate("192.0.2.1-192.0.2.2", services, reserved), [
    "a 192.0.2.2 AddressConflict",
    "b none AddressConflict",
  ]);
});

test("allocateAddresses gives a Service that is made anew the address it had", () => {
  const pool = "192.0.2.0/24";
  const first = allocate(pool, [balanced("web", { age: 1 })]);
  assert.deepEqual(
    allocate(pool, [balanced("web", { age: 99 }), balanced("other", { age: 2 })])[1],
    first[0],
  );
});

test("allocateAddresses explains each problem with what to do", () => {
  const [a, b] = allocateAddresses(
    [balanced("a", { has: ["192.0.2.1"] }), balanced("b", { loadBalancerIP: "192.0.2.1" })],
    poolOf("192.0.2.1/32"),
    nobody,
  );
  assert.deepEqual(a?.problems, []);
  assert.deepEqual(b?.problems, [
    {
      reason: "AddressConflict",
      note: "loadBalancerIP 192.0.2.1 is Service default/a's; ask for another, or for none",
    },
  ]);
});

const anyAddress = fc.constantFrom(
  "192.0.2.1",
  "192.0.2.2",
  "192.0.2.3",
  "192.0.2.4",
  "fd01::1",
  "fd01::2",
  "203.0.113.1",
);
const anyService = fc.record({
  name: fc.constantFrom(..."abcdefgh"),
  age: fc.integer({ min: 0, max: 3 }),
  ipFamilies: fc.constantFrom<Service["ipFamilies"]>(["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"]),
  has: fc.array(anyAddress, { maxLength: 2 }),
  loadBalancerIP: fc.oneof({ weight: 3, arbitrary: fc.constant("") }, { weight: 1, arbitrary: anyAddress }),
  loadBalancerWriter: fc.constantFrom("", "frontdesk", "cloud"),
  type: fc.constantFrom<Service["type"]>("LoadBalancer", "LoadBalancer", "LoadBalancer", "ClusterIP"),
});
const anyServices = fc
  .uniqueArray(anyService, { selector: ({ name }) => name })
  .map(all => all.map(({ name, ...fields }) => balanced(name, fields)));
const pool = poolOf("192.0.2.1-192.0.2.4,fd01::1-fd01::2");

function publish(services: readonly Service[]): readonly Service[] {
  const assigned = new Map(
    allocateAddresses(services, pool, nobody).map(({ service, addresses }) => [service, addresses]),
  );
  return services.map(service => {
    const addresses = assigned.get(service);
    if (addresses === undefined) return service;
    const { name, createdAtSeconds, ...fields } = service;
    const loadBalancerIngress = addresses.map(ip => ({ ip, hostname: "", ipMode: "VIP" as const }));
    return balanced(name, {
      ...fields,
      age: createdAtSeconds,
      loadBalancerIngress,
      loadBalancerWriter: "frontdesk",
    });
  });
}

test("allocateAddresses never gives an address twice nor outside pool and families, whatever there is", () => {
  fc.assert(
    fc.property(anyServices, services => {
      const assignments = allocateAddresses(services, pool, nobody);
      const given = assignments.flatMap(({ addresses }) => addresses);
      assert.equal(new Set(given).size, given.length);
      for (const { service, addresses } of assignments) {
        assert.ok(addresses.every(address => pool.holds(address)));
        const families = addresses.map(familyOf);
        assert.equal(new Set(families).size, families.length);
        assert.ok(families.every(family => family !== undefined && service.ipFamilies.includes(family)));
      }
    }),
  );
});

test("allocateAddresses decides the same in any order, and once published changes nothing", () => {
  fc.assert(
    fc.property(anyServices, fc.infiniteStream(fc.nat()), (services, numbers) => {
      const shuffled = services
        .map(service => ({ service, rank: numbers.next().value ?? 0 }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ service }) => service);
      const of = (all: readonly Service[]) =>
        new Map(allocateAddresses(all, pool, nobody).map(one => [one.service.name, one.addresses]));
      assert.deepEqual(of(shuffled), of(services));
      const published = publish(services);
      for (const assignment of allocateAddresses(published, pool, nobody)) {
        if (assignment.service.type === "LoadBalancer") assert.ok(isPublished(assignment));
      }
    }),
  );
});

test("allocateAddresses leaves the addresses of all others alone when a Service comes or goes", () => {
  fc.assert(
    fc.property(anyServices, fc.nat(), (services, number) => {
      const settled = publish(services);
      const gone = settled[number % Math.max(1, settled.length)];
      const rest = settled.filter(service => service !== gone);
      const before = new Map(settled.map(service => [service.name, service.loadBalancerIngress]));
      for (const { service, addresses } of allocateAddresses(rest, pool, nobody)) {
        for (const { ip } of before.get(service.name) ?? []) {
          if (service.type === "LoadBalancer") assert.ok(addresses.includes(ip));
        }
      }
    }),
  );
});
