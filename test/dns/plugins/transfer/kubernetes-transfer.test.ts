import assert from "node:assert/strict";
import { afterEach, suite, test } from "node:test";
import { kubernetes } from "../../../../src/dns/plugins/kubernetes/kubernetes.ts";
import { transfer } from "../../../../src/dns/plugins/transfer/transfer.ts";
import {
  endpointSlice,
  externalNameService,
  importedSlice,
  namespace,
  type RawObject,
  service,
  serviceImport,
} from "../../../support/cluster-fixtures.ts";
import { formatRecord } from "../../../support/zone-text.ts";
import { storeOf } from "../../zone/zone-case.ts";
import { type Rig, startRig } from "../rig.ts";

const plugins = [transfer, kubernetes];

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

/** The records of a transfer in their order, or the code that came instead. */
async function takeZone(running: Rig, ask: string): Promise<readonly string[]> {
  const { outcome, rcode } = await running.ask(ask, { client: { protocol: "tcp" } });
  if (outcome.kind !== "stream") return [rcode];
  return [...outcome.messages].flatMap(message => message.answers.map(formatRecord));
}

suite("the cluster's zones", () => {
  const objects: readonly RawObject[] = [
    namespace("shop"),
    service("shop", "web", { clusterIPs: ["10.96.0.10", "fd00::a"], ports: ["Http 80", "443"] }),
    service("shop", "db", { clusterIPs: ["None"], ports: ["pg 5432"] }),
    endpointSlice("shop", "db", {
      ports: ["pg 5432", "9"],
      endpoints: [
        { addresses: ["10.244.0.1"], hostname: "db-0" },
        { addresses: ["10.244.0.2"], ready: false },
      ],
    }),
    endpointSlice("shop", "db", { suffix: "b", ports: ["pg 5432"], endpoints: ["10.244.0.3", "10.244.0.4"] }),
    externalNameService("shop", "out", "www.example.net."),
    externalNameService("shop", "wrong", "10.0.0.1"),
    serviceImport("shop", "far", { ips: ["10.97.0.1"], ports: ["http 80"] }),
    serviceImport("shop", "peers", { type: "Headless", ports: ["http 80"] }),
    importedSlice("shop", "peers", "east", { ports: ["http 80"], endpoints: ["10.1.0.1"] }),
  ];

  async function startCluster(
    options: string,
    zones = "cluster.local",
    kinds?: Parameters<typeof storeOf>[1],
  ): Promise<Rig> {
    const corefile = `. {\n transfer {\n to *\n }\n kubernetes ${zones} {\n ${options}\n }\n}`;
    rig = await startRig(corefile, { plugins, store: storeOf(objects, kinds) });
    return rig;
  }

  /** Without SOA and what the machine's own addresses make of NS. */
  async function recordsOf(running: Rig, zone: string): Promise<readonly string[]> {
    const lines = await takeZone(running, `${zone} AXFR`);
    return lines
      .filter(line => !/ SOA | NS |^ns\.dns\./.test(line))
      .map(line => line.replaceAll(`.${zone}`, ""));
  }

  test("hold Services by name, with weights by slice", async () => {
    assert.deepEqual(await recordsOf(await startCluster("ttl 3"), "cluster.local."), [
      "db.shop.svc 3 IN A 10.244.0.1",
      "db-0.db.shop.svc 3 IN A 10.244.0.1",
      "_pg._tcp.db.shop.svc 3 IN SRV 0 100 5432 db-0.db.shop.svc",
      ...["3", "4"].flatMap(last => [
        `db.shop.svc 3 IN A 10.244.0.${last}`,
        `10-244-0-${last}.db.shop.svc 3 IN A 10.244.0.${last}`,
        `_pg._tcp.db.shop.svc 3 IN SRV 0 50 5432 10-244-0-${last}.db.shop.svc`,
      ]),
      "out.shop.svc 3 IN CNAME www.example.net.",
      "web.shop.svc 3 IN A 10.96.0.10",
      "web.shop.svc 3 IN AAAA fd00::a",
      "web.shop.svc 3 IN SRV 0 100 80 web.shop.svc",
      "_http._tcp.web.shop.svc 3 IN SRV 0 100 80 web.shop.svc",
      "web.shop.svc 3 IN SRV 0 100 443 web.shop.svc",
    ]);
  });

  test("leave endpoints out with noendpoints, and namespaces that are not answered for", async () => {
    assert.deepEqual(
      await recordsOf(await startCluster("noendpoints\n namespaces back"), "cluster.local."),
      [],
    );
    await rig?.close();
    const lines = await recordsOf(await startCluster("noendpoints"), "cluster.local.");
    assert.deepEqual(
      lines.filter(line => line.includes("db.")),
      [],
    );
  });

  test("of a set of clusters hold ServiceImports", async () => {
    const running = await startCluster("multicluster clusterset.local", "cluster.local clusterset.local");
    assert.deepEqual(await recordsOf(running, "clusterset.local."), [
      "far.shop.svc 5 IN A 10.97.0.1",
      "far.shop.svc 5 IN SRV 0 100 80 far.shop.svc",
      "_http._tcp.far.shop.svc 5 IN SRV 0 100 80 far.shop.svc",
      "peers.shop.svc 5 IN A 10.1.0.1",
      "10-1-0-1.peers.shop.svc 5 IN A 10.1.0.1",
      "_http._tcp.peers.shop.svc 5 IN SRV 0 100 80 10-1-0-1.peers.shop.svc",
    ]);
  });

  test("are not given away before all is loaded", async () => {
    assert.deepEqual(
      await takeZone(await startCluster("", "cluster.local", ["Namespace"]), "cluster.local. AXFR"),
      ["SERVFAIL"],
    );
  });
});
