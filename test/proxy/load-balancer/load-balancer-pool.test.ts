import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type PoolNode, PoolRig, shortLeaseSeconds, until } from "./pool-rig.ts";

/** Between the clock of a Lease and the one it is measured by. */
const roundingMs = 10;

function holders(
  nodes: readonly { readonly name: string; readonly held: ReadonlySet<string> }[],
  address: string,
) {
  return nodes.filter(({ held }) => held.has(address)).map(({ name }) => name);
}

/** Until every node has asked the API server again, often enough to know that it is away. */
async function untilTriedAgain(nodes: readonly PoolNode[]): Promise<void> {
  const wanted = nodes.map(node => node.attemptCount + 10);
  await until(() => nodes.every((node, index) => node.attemptCount >= (wanted[index] ?? 0)) || undefined);
}

test("a Service of type LoadBalancer has an address, one node answers, and an event tells", async t => {
  const rig = await PoolRig.open(t);
  const nodes = await Promise.all([rig.node(1), rig.node(2), rig.node(3)]);
  rig.putService("web");
  const [address = ""] = await rig.addresses("web");
  await until(() => holders(nodes, address).length > 0 || undefined);
  assert.equal(holders(nodes, address).length, 1);
  const { metadata, status } = await rig.object("/api/v1/namespaces/shop/services/web");
  assert.deepEqual(status?.loadBalancer, { ingress: [{ ip: address, ipMode: "VIP" }] });
  const { managedFields } = metadata as { readonly managedFields: readonly { readonly manager: string }[] };
  assert.equal(managedFields[0]?.manager, "frontdesk");
  const events = await until(() => {
    const all = nodes.flatMap(node => node.events);
    return all.length > 0 ? all : undefined;
  });
  assert.deepEqual(
    events.map(({ type, reason, note, regarding }) => [type, reason, note, regarding.name]),
    [["Normal", "AddressAssigned", `${address} of the pool 192.0.2.200-192.0.2.220`, "web"]],
  );
  assert.deepEqual(
    nodes.flatMap(({ lines }) => lines),
    nodes.flatMap(({ lines }) => lines.filter(line => line.includes("neighbours find out by themselves"))),
  );
});

test("only the leader writes statuses, each once", async t => {
  const rig = await PoolRig.open(t);
  await Promise.all([rig.node(1), rig.node(2), rig.node(3)]);
  for (let number = 0; number < 20; number++) rig.putService(`web-${number}`);
  const all = await Promise.all(Array.from({ length: 20 }, (_, number) => rig.addresses(`web-${number}`)));
  assert.equal(new Set(all.flat()).size, 20);
  const writes = rig.api.requests.filter(({ isStatus }) => isStatus);
  assert.equal(writes.length, 20);
});

test("a Service that changes while its status is written gets its address all the same", async t => {
  const rig = await PoolRig.open(t);
  await rig.node(1);
  await rig.leader();
  rig.api.fail(({ isStatus }) => isStatus, { type: "status", code: 409, reason: "Conflict" });
  rig.putService("web");
  await rig.api.nextClosed(({ isStatus }) => isStatus);
  rig.putService("web", { ports: [{ port: 81 }] });
  await rig.addresses("web");
});

test("a node that ends takes its addresses off and others answer, also when it led", async t => {
  const rig = await PoolRig.open(t);
  const nodes = await Promise.all([rig.node(1), rig.node(2), rig.node(3)]);
  rig.putService("web");
  const [address = ""] = await rig.addresses("web");
  const leader = await rig.leader();
  for (const leaving of [
    nodes.find(({ name }) => name === leader),
    nodes.find(({ name }) => name !== leader),
  ]) {
    await leaving?.stop();
    assert.equal(leaving?.held.size, 0);
    await until(() => holders(nodes, address).length > 0 || undefined);
  }
  const { items } = (await rig.object("/apis/coordination.k8s.io/v1/leases")) as unknown as {
    items: { metadata: { name: string }; spec: { holderIdentity: string } }[];
  };
  const [last] = nodes.filter(node => node.held.has(address));
  assert.deepEqual(
    items.map(({ metadata, spec }) => [metadata.name, spec.holderIdentity]),
    [
      ["frontdesk-load-balancer", last?.name],
      [`frontdesk-load-balancer-${last?.name}`, last?.name],
    ],
  );
  rig.putService("late");
  await rig.addresses("late");
});

test("a node that is heard of no more is replaced when its Lease has expired, not before", async t => {
  const rig = await PoolRig.open(t, { leaseSeconds: shortLeaseSeconds });
  const nodes = await Promise.all([rig.node(1), rig.node(2)]);
  rig.putService("web");
  const [address = ""] = await rig.addresses("web");
  const [owner = ""] = await until(() => {
    const found = holders(nodes, address);
    return found.length > 0 ? found : undefined;
  });
  const other = nodes.find(({ name }) => name !== owner);
  nodes.find(({ name }) => name === owner)?.cutOff();
  await until(() => other?.held.has(address) || undefined);
  const goneForMs = Date.now() - (await rig.renewedAtMs(owner));
  assert.ok(goneForMs >= 1_000 * shortLeaseSeconds - roundingMs, `${goneForMs} ms`);
  rig.putService("late");
  await rig.addresses("late");
  assert.equal(await rig.leader(), other?.name);
});

test("an API server that is away moves nothing, however long, and neither does its return", async t => {
  const rig = await PoolRig.open(t);
  const nodes = await Promise.all([rig.node(1), rig.node(2), rig.node(3)]);
  for (const name of ["a", "b", "c", "d"]) rig.putService(name);
  const addresses = (await Promise.all(["a", "b", "c", "d"].map(name => rig.addresses(name)))).flat();
  await until(() => addresses.every(address => holders(nodes, address).length === 1) || undefined);
  const placed = () => addresses.map(address => holders(nodes, address).join());
  const before = placed();
  await rig.api.stop();
  await untilTriedAgain(nodes);
  rig.clock.aheadMs = 3_600_000;
  await untilTriedAgain(nodes);
  assert.deepEqual(placed(), before);
  await rig.api.restart();
  rig.putService("e");
  await rig.addresses("e");
  assert.deepEqual(placed(), before);
});

test("a Service of local endpoints is answered by a node that has one", async t => {
  const rig = await PoolRig.open(t);
  const nodes = await Promise.all([rig.node(1), rig.node(2), rig.node(3)]);
  rig.putService("web", { externalTrafficPolicy: "Local" });
  const [address = ""] = await rig.addresses("web");
  for (const name of ["n1", "n2", "n3", "n1"]) {
    rig.putSlice("web", name);
    await until(() => holders(nodes, address).join() === name || undefined);
  }
});

test("a Service that is no load balancer any more loses its address", async t => {
  const rig = await PoolRig.open(t);
  const node = await rig.node(1);
  rig.putService("web");
  const [address = ""] = await rig.addresses("web");
  await until(() => node.held.has(address) || undefined);
  const web = await rig.object("/api/v1/namespaces/shop/services/web");
  rig.api.put({ ...web, spec: { ...web.spec, type: "ClusterIP" } });
  await rig.addresses("web", addresses => addresses.length === 0);
  await until(() => node.held.size === 0 || undefined);
});

test("a Service that cannot have an address is told why, once, and again when the reason changes", async t => {
  const rig = await PoolRig.open(t, { pool: "192.0.2.200/32" });
  const node = await rig.node(1);
  rig.putService("a");
  await rig.addresses("a");
  rig.putService("b");
  const toldOf = (name: string) =>
    node.events.filter(({ regarding }) => regarding.name === name).map(({ reason }) => reason);
  await until(() => toldOf("b").length === 1 || undefined);
  rig.putService("b", { ports: [{ port: 81 }] });
  rig.putService("c");
  await until(() => toldOf("c").length === 1 || undefined);
  assert.equal(toldOf("b").length, 1);
  rig.api.remove("Service", "shop", "c");
  rig.putService("b", { loadBalancerIP: "10.0.0.1" });
  await until(() => toldOf("b").length === 2 || undefined);
  rig.putService("b");
  rig.api.remove("Service", "shop", "a");
  assert.deepEqual(await rig.addresses("b"), ["192.0.2.200"]);
  assert.deepEqual(toldOf("b").slice(0, 2), ["NoAddressAvailable", "AddressNotInPool"]);
  await until(() => toldOf("b").at(-1) === "AddressAssigned" || undefined);
});

test("no Service gets a node's address, also while that node is away", async t => {
  const rig = await PoolRig.open(t, { pool: "192.0.2.1-192.0.2.3", leaseSeconds: shortLeaseSeconds });
  const [here, away] = await Promise.all([rig.node(1), rig.node(2)]);
  await rig.membersAre("n1", "n2");
  rig.putService("web");
  assert.deepEqual(await rig.addresses("web"), ["192.0.2.3"]);
  away.cutOff();
  // Its Lease expires.
  await delay(1_500 * shortLeaseSeconds);
  rig.putService("late");
  const told = await until(() => here.events.find(({ regarding }) => regarding.name === "late"));
  assert.equal(told.reason, "NoAddressAvailable");
});

test("a Service whose address turns out to be a node's gets another", async t => {
  const rig = await PoolRig.open(t, { pool: "192.0.2.2-192.0.2.3" });
  await rig.node(1);
  rig.putService("web", { loadBalancerIP: "192.0.2.2" });
  await rig.addresses("web");
  const web = await rig.object("/api/v1/namespaces/shop/services/web");
  rig.api.put({ ...web, spec: { ...web.spec, loadBalancerIP: "" } });
  await rig.node(2);
  await rig.addresses("web", addresses => addresses.join() === "192.0.2.3");
});

test("pool node publishes the addresses of nodes that are there, and puts nothing on their interfaces", async t => {
  const rig = await PoolRig.open(t, { pool: "node", leaseSeconds: shortLeaseSeconds });
  const nodes = await Promise.all([rig.node(1), rig.node(2)]);
  rig.putService("web");
  const isBoth = (addresses: readonly string[]) => addresses.join() === "192.0.2.1,192.0.2.2";
  await rig.addresses("web", isBoth);
  rig.putService("other");
  const conflict = await until(() => {
    return nodes.flatMap(({ events }) => events).find(({ regarding }) => regarding.name === "other");
  });
  assert.equal(conflict.reason, "AddressConflict");
  assert.match(conflict.note, /port 80\/TCP of the nodes is Service shop\/web's/);
  rig.putSlice("near", "n2");
  rig.putService("near", { externalTrafficPolicy: "Local", ports: [{ port: 81 }] });
  await rig.addresses("near", addresses => addresses.join() === "192.0.2.2");
  nodes[1]?.cutOff();
  await rig.addresses("web", addresses => addresses.join() === "192.0.2.1");
  assert.deepEqual(
    nodes.flatMap(({ held }) => [...held]),
    [],
  );
});

for (const [what, resource, matches] of [
  ["Leases", "leases", "list"],
  ["statuses of Services", "services", "patch"],
] as const) {
  test(`without the right to ${matches} ${what} one line says so, until somebody grants it`, async t => {
    const rig = await PoolRig.open(t);
    const message = `${resource} is forbidden: User "kube-proxy" cannot ${matches} resource`;
    const grant = rig.api.fail(
      { resource, verb: matches },
      { type: "status", code: 403, reason: "Forbidden", message },
      Number.POSITIVE_INFINITY,
    );
    rig.putService("web");
    const node = await rig.node(1, { rightsRetryMs: 20 });
    for (let attempt = 0; attempt < 3; attempt++) {
      await rig.api.nextClosed({ resource, verb: matches });
    }
    const complaints = () => node.lines.filter(line => !line.includes("neighbours"));
    assert.deepEqual(complaints(), [
      `load-balancer addresses wait for rights, the proxy works without: 403 Forbidden: ${message}; to grant them: kubectl apply -f manifests/load-balancer-rbac.yaml`,
    ]);
    grant();
    await rig.addresses("web");
    assert.equal(complaints().at(-1), "load-balancer addresses are kept up to date again");
  });
}
