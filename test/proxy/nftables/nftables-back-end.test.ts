import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pino } from "pino";
import type { BackEndError } from "../../../src/proxy/back-end.ts";
import { NftablesBackEnd } from "../../../src/proxy/nftables/nftables-back-end.ts";
import type { ProxySettings } from "../../../src/proxy/plan/proxy-settings.ts";
import type { ServicePortPlan } from "../../../src/proxy/plan/service-port-plan.ts";
import { plainSettings } from "../plain-settings.ts";
import { anyChange } from "./any-change.ts";
import { FakeNft } from "./fake-nft.ts";
import { byService, localEndpoint, plan, remoteEndpoint } from "./plan-fixture.ts";
import { meaningOf } from "./table-meaning.ts";

const settings: ProxySettings = {
  ...plainSettings,
  localTraffic: { kind: "networks", networks: ["10.244.0.0/16", "fd44::/16"] },
  nodePortAddresses: { IPv4: ["192.0.2.1"], IPv6: "all-local" },
  serviceCIDRs: ["10.96.0.0/16"],
};

const log = pino({ level: "silent" });

function backEndOn(runner: FakeNft): NftablesBackEnd {
  return new NftablesBackEnd({ settings, families: ["IPv4"], runner, log });
}

async function started(...plans: readonly ServicePortPlan[]): Promise<[NftablesBackEnd, FakeNft]> {
  const nft = new FakeNft();
  const backEnd = backEndOn(nft);
  await backEnd.start(byService(...plans));
  return [backEnd, nft];
}

function elementsOf(nft: FakeNft, container: string): Readonly<Record<string, string>> {
  return Object.fromEntries(nft.table("ip frontdesk")?.elements.get(container) ?? []);
}

const [a, b, c] = [localEndpoint("10.244.1.1"), localEndpoint("10.244.1.2"), remoteEndpoint("10.244.2.1")];

test("start without a table hooks it in after everything else", async () => {
  const [, nft] = await started(plan("web", { clusterEndpoints: [a, b] }));
  const hooking = nft.transactions.findIndex(commands =>
    commands.some(command => / type nat hook /.test(command)),
  );
  assert.equal(hooking, nft.transactions.length - 1);
  assert.ok(nft.transactions.at(-1)?.every(command => !command.startsWith("add element")));
});

test("start on the table of an earlier run is one transaction", async () => {
  const [, nft] = await started(plan("web", { clusterEndpoints: [a, b] }));
  const before = nft.transactions.length;
  await backEndOn(nft).start(byService(plan("web", { clusterEndpoints: [a, c] })));
  assert.equal(nft.transactions.length, before + 1);
  const [, fresh] = await started(plan("web", { clusterEndpoints: [a, c] }));
  assert.deepEqual(meaningOf(nft.table("ip frontdesk")), meaningOf(fresh.table("ip frontdesk")));
});

test("start on a table of another layout replaces it in one transaction", async () => {
  const nft = new FakeNft();
  await nft.run(["add table ip frontdesk", "add map ip frontdesk service-ips { of another sort; }"]);
  await backEndOn(nft).start(byService(plan("web", { clusterEndpoints: [a] })));
  assert.equal(nft.transactions.length, 2);
  assert.deepEqual(Object.keys(elementsOf(nft, "service-ips")), ["10.96.0.1 . tcp . 80"]);
});

test("start on a table too large to be replaced at once deletes it and builds it in pieces", async () => {
  const [, nft] = await started(plan("web", { clusterEndpoints: [a, b] }));
  nft.failNext("Message too long", "Message too long");
  await backEndOn(nft).start(byService(plan("web", { clusterEndpoints: [a, b] })));
  const [, fresh] = await started(plan("web", { clusterEndpoints: [a, b] }));
  assert.deepEqual(meaningOf(nft.table("ip frontdesk")), meaningOf(fresh.table("ip frontdesk")));
});

test("a step of the first build that is too long is done in smaller ones", async () => {
  const nft = new FakeNft();
  const many = Array.from({ length: 2000 }, (_, i) => remoteEndpoint(`10.244.${i >> 8}.${i & 255}`));
  const run = nft.run.bind(nft);
  nft.run = async commands => {
    if (commands.join().length > 30_000) nft.failNext("Message too long");
    await run(commands);
  };
  await backEndOn(nft).start(byService(plan("web", { clusterEndpoints: many })));
  assert.equal(Object.keys(elementsOf(nft, "cluster-endpoints")).length, 2000);
});

test("one endpoint that changes is one element of each way in, and the others stay", async () => {
  const fields = { nodePort: 30080, externalIPs: ["198.51.100.1"] };
  const [backEnd, nft] = await started(plan("web", { ...fields, clusterEndpoints: [a, b, c] }));
  const d = remoteEndpoint("10.244.2.9");
  await backEnd.update(byService(plan("web", { ...fields, clusterEndpoints: [d, a, c] })));
  const operations = nft.transactions
    .at(-1)
    ?.map(command => command.replace(/ip frontdesk |\{.*/g, "").trim());
  assert.deepEqual(operations, [
    "delete element cluster-endpoints",
    "delete element node-port-cluster-endpoints",
    "delete element hairpins",
    "add element cluster-endpoints",
    "add element node-port-cluster-endpoints",
  ]);
  assert.equal(elementsOf(nft, "cluster-endpoints")["4000:0 . 10.96.0.1 . tcp . 80"], "10.244.1.1 . 8080");
  assert.equal(elementsOf(nft, "cluster-endpoints")["4000:1 . 10.96.0.1 . tcp . 80"], "10.244.2.9 . 8080");
});

test("an update that changes nothing is no transaction", async () => {
  const web = plan("web", { clusterEndpoints: [a, b] });
  const [backEnd, nft] = await started(web);
  const before = nft.transactions.length;
  await backEnd.update(byService({ ...web, clusterEndpoints: [b, a] }));
  assert.equal(nft.transactions.length, before);
});

test("chains that nothing leads to are deleted later, not in the same transaction", async () => {
  const [backEnd, nft] = await started(plan("web", { nodePort: 30080, clusterEndpoints: [a, b] }));
  await backEnd.update(byService(plan("web", { nodePort: 30080, clusterEndpoints: [a] })));
  const chains = () =>
    [...(nft.table("ip frontdesk")?.chains.keys() ?? [])].filter(name => /^cluster-\d/.test(name));
  assert.deepEqual(chains().sort(), [
    "cluster-1",
    "cluster-1-masquerade",
    "cluster-2",
    "cluster-2-masquerade",
  ]);
  await new Promise(resolve => setTimeout(resolve, 1100));
  await backEnd.update(byService(plan("other", { clusterIP: "10.96.0.2" })));
  assert.deepEqual(chains().sort(), ["cluster-1", "cluster-1-masquerade"]);
});

test("an update that the kernel refuses is made good by the next, whatever that is", async () => {
  const [backEnd, nft] = await started(plan("web", { clusterEndpoints: [a, b] }));
  nft.failNext("No such file or directory");
  await assert.rejects(
    backEnd.update(byService(plan("web", { clusterEndpoints: [c] }))),
    (error: BackEndError) => {
      assert.match(error.message, /^IPv4: No such file or directory: /);
      assert.deepEqual(error.families, ["IPv4"]);
      return true;
    },
  );
  await backEnd.update(new Map());
  assert.deepEqual(Object.values(elementsOf(nft, "cluster-endpoints")), ["10.244.2.1 . 8080"]);
});

test("a family that fails does not hold up the other", async () => {
  const nft = new FakeNft();
  const backEnd = new NftablesBackEnd({ settings, families: ["IPv4", "IPv6"], runner: nft, log });
  const sixth = plan("web6", {
    family: "IPv6",
    clusterIP: "fd96::1",
    clusterEndpoints: [remoteEndpoint("fd44::1")],
  });
  await backEnd.start(byService(plan("web", { clusterEndpoints: [a] }), sixth));
  nft.failNext("Device or resource busy");
  const changes = byService(plan("web", {}), { ...sixth, clusterEndpoints: [remoteEndpoint("fd44::2")] });
  await assert.rejects(backEnd.update(changes), { families: ["IPv4"] });
  const endpoints = [...(nft.table("ip6 frontdesk")?.elements.get("cluster-endpoints")?.values() ?? [])];
  assert.deepEqual(endpoints, ["fd44::2 . 8080"]);
});

test("repair makes a table again that somebody has deleted, and otherwise does nothing", async () => {
  const [backEnd, nft] = await started(plan("web", { clusterEndpoints: [a] }));
  const whole = meaningOf(nft.table("ip frontdesk"));
  assert.deepEqual(await backEnd.repair(), []);
  nft.flushRuleset();
  assert.deepEqual(await backEnd.repair(), ["IPv4"]);
  assert.deepEqual(meaningOf(nft.table("ip frontdesk")), whole);
});

test("a chain that went with a deleted table is made again when it is needed", async () => {
  const web = (...endpoints: ServicePortPlan["clusterEndpoints"]) =>
    byService(plan("web", { clusterEndpoints: endpoints }));
  const [backEnd, nft] = await started(plan("web", { clusterEndpoints: [a, b] }));
  await backEnd.update(web(a));
  nft.flushRuleset();
  await backEnd.repair();
  await backEnd.update(web(b, c));
  assert.equal(
    elementsOf(nft, "service-ips")["10.96.0.1 . tcp . 80"],
    'goto cluster-2 # "default/web:http/TCP"',
  );
});

test("cleanUp takes the table away, and there may be none", async () => {
  const [backEnd, nft] = await started(plan("web", {}));
  await backEnd.cleanUp();
  await backEnd.cleanUp();
  assert.equal(nft.table("ip frontdesk"), undefined);
});

test("clients are remembered across a restart by the same numbers", async () => {
  const sticky = plan("web", { affinityTimeoutSeconds: 60, clusterEndpoints: [a, b, c] });
  const other = plan("other", { clusterIP: "10.96.0.9", affinityTimeoutSeconds: 60, clusterEndpoints: [a] });
  const [backEnd, nft] = await started(other, sticky);
  await backEnd.update(new Map([["default/other", []]]));
  const numbers = elementsOf(nft, "affinity-cluster-endpoints");
  const session = ["add element ip frontdesk affinity { 192.0.2.9 . 4002:0 : 4002:3 }"];
  await nft.run(session);
  await backEndOn(nft).start(byService({ ...sticky, clusterEndpoints: [c, b] }));
  const { "4002:1 . tcp": _, ...kept } = numbers;
  assert.deepEqual(elementsOf(nft, "affinity-cluster-endpoints"), kept);
  assert.deepEqual(elementsOf(nft, "affinity"), { "192.0.2.9 . 4002:0": "4002:3" });
});

test("an address that two Services claim goes to the first by name and then to the other", async () => {
  const claim = { externalIPs: ["198.51.100.1"] };
  const one = plan("one", { ...claim, clusterIP: "10.96.0.1", clusterEndpoints: [a] });
  const two = plan("two", { ...claim, clusterIP: "10.96.0.2", clusterEndpoints: [b] });
  const [backEnd, nft] = await started(two, one);
  const held = () => elementsOf(nft, "cluster-endpoints")["4000:0 . 198.51.100.1 . tcp . 80"];
  assert.equal(held(), "10.244.1.1 . 8080");
  await backEnd.update(new Map([["default/one", []]]));
  assert.equal(held(), "10.244.1.2 . 8080");
});

const step = fc.record({
  change: anyChange,
  event: fc.constantFrom("none", "none", "none", "failure", "restart", "ruleset flushed"),
});

test("any changes leave what a fresh start on the last state makes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
      const nft = new FakeNft();
      let backEnd = backEndOn(nft);
      await backEnd.start(new Map());
      const state = new Map<string, readonly ServicePortPlan[]>();
      for (const { change, event } of steps) {
        for (const [key, plans] of change) state.set(key, plans);
        if (event === "failure") nft.failNext("Device or resource busy");
        if (event === "ruleset flushed") nft.flushRuleset();
        if (event === "restart") backEnd = backEndOn(nft);
        await (event === "restart" ? backEnd.start(state) : backEnd.update(change)).catch(() => {});
        // A failure that was waiting for a transaction that was not needed has to come up now.
        await backEnd.repair().catch(() => backEnd.repair());
        const fresh = new FakeNft();
        await backEndOn(fresh).start(state);
        assert.deepEqual(meaningOf(nft.table("ip frontdesk")), meaningOf(fresh.table("ip frontdesk")));
      }
    }),
    { numRuns: 150 },
  );
});
