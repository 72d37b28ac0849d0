/** With a real kube-apiserver: the rights of the manifest suffice, and nothing less does. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { pino } from "pino";
import { parseAllDocuments } from "yaml";
import { ApiClient, readText } from "../../../src/cluster/api/api-client.ts";
import { ApiSource, proxySelections } from "../../../src/cluster/api/api-source.ts";
import { openAccess } from "../../../src/cluster/api/kubeconfig.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import type { RawObject } from "../../../src/cluster/trim.ts";
import { untilSynced } from "../../../src/cluster/until-synced.ts";
import { parsePool } from "../../../src/proxy/load-balancer/address-ranges.ts";
import type { InterfaceAddresses } from "../../../src/proxy/load-balancer/interface-addresses.ts";
import { LoadBalancerPool } from "../../../src/proxy/load-balancer/load-balancer-pool.ts";
import { describeWithRealApiServer, guest } from "../../cluster/api/real-api-server.ts";
import { until } from "./pool-rig.ts";

const manifest = new URL("../../../manifests/load-balancer-rbac.yaml", import.meta.url);
const nowhere: InterfaceAddresses = { list: async () => [], apply: async () => {} };

describeWithRealApiServer("a load-balancer pool and a real API server", server => {
  let admin: ApiClient;
  before(async () => {
    admin = new ApiClient(await openAccess({ file: await server().kubeconfig("admin") }));
    await server().bindGuest("kubeadm:node-proxier", "system:node-proxier");
    await server().send("POST", "/api/v1/nodes", { metadata: { name: "n1" } });
  });
  after(() => admin?.close());

  /** Gives the guest what the manifest gives kube-proxy. */
  async function applyManifest(): Promise<void> {
    for (const document of parseAllDocuments(await readFile(manifest, "utf8"))) {
      const object = document.toJS();
      const { kind, metadata } = object;
      const namespace = metadata.namespace === undefined ? "" : `namespaces/${metadata.namespace}/`;
      if (object.subjects !== undefined) object.subjects = [guest];
      const path = `/apis/rbac.authorization.k8s.io/v1/${namespace}${kind.toLowerCase()}s`;
      await server().send("POST", path, object);
    }
  }

  async function read(path: string): Promise<RawObject> {
    const limits = { headersSilenceMs: 5000, bodySilenceMs: 5000, signal: AbortSignal.timeout(30_000) };
    return JSON.parse(await readText(await admin.get(path, limits)));
  }

  async function startPool() {
    const access = await openAccess({ file: await server().kubeconfig("guest") });
    const lines: string[] = [];
    const cluster = new ClusterStore(error => {
      throw error;
    });
    const source = new ApiSource({
      access,
      store: cluster,
      kinds: ["Service", "EndpointSlice", "Node"],
      selections: proxySelections("n1"),
      log: pino({ level: "silent" }),
    });
    const client = new ApiClient(access);
    const pool = new LoadBalancerPool({
      cluster,
      client,
      nodeName: "n1",
      pool: parsePool("192.0.2.200-192.0.2.220"),
      events: { report: () => {} },
      log: pino({ base: null }, { write: line => void lines.push(JSON.parse(line).msg) }),
      interfaces: nowhere,
      timing: { rightsRetryMs: 100 },
    });
    source.start();
    await untilSynced(cluster, ["Service", "EndpointSlice", "Node"]);
    await pool.start();
    const stop = async () => {
      await pool.stop();
      await source.stop();
      client.close();
    };
    return { lines, stop };
  }

  test("LoadBalancerPool waits for its rights and then gives addresses, changes them and takes them back", async () => {
    const web = "/api/v1/namespaces/default/services/web";
    await server().send("POST", "/api/v1/namespaces/default/services", {
      metadata: { name: "web" },
      spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
    });
    const pool = await startPool();
    const complaint = await until(() => pool.lines.find(line => line.includes("wait for rights")));
    assert.match(complaint, /User "guest" cannot list resource "leases".*load-balancer-rbac\.yaml$/);
    await applyManifest();
    const { metadata, status } = await until(async () => {
      const found = await read(web);
      return found.status?.loadBalancer?.ingress === undefined ? undefined : found;
    });
    assert.equal(status?.loadBalancer.ingress[0].ipMode, "VIP");
    const writers = metadata?.managedFields as readonly { manager: string; subresource?: string }[];
    assert.ok(
      writers.some(({ manager, subresource }) => manager === "frontdesk" && subresource === "status"),
    );

    const wanted = { ...(await read(web)), status: undefined };
    await server().send("PUT", web, { ...wanted, spec: { ...wanted.spec, loadBalancerIP: "192.0.2.220" } });
    await until(
      async () => (await read(web)).status?.loadBalancer?.ingress?.[0]?.ip === "192.0.2.220" || undefined,
    );

    const changed = { ...(await read(web)), status: undefined };
    const { loadBalancerIP: _, ...spec } = changed.spec;
    await server().send("PUT", web, { ...changed, spec: { ...spec, type: "ClusterIP" } });
    await until(async () => (await read(web)).status?.loadBalancer?.ingress === undefined || undefined);

    await pool.stop();
    const leases = (await read("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases")) as RawObject & {
      items: readonly RawObject[];
    };
    const ours = leases.items.filter(({ metadata }) => metadata?.name?.startsWith("frontdesk"));
    assert.deepEqual(
      ours.map(({ metadata, spec }) => [metadata?.name, spec.holderIdentity ?? ""]),
      [["frontdesk-load-balancer", ""]],
    );
    assert.equal(pool.lines.filter(line => line.includes("wait for rights")).length, 1);
  });
});
