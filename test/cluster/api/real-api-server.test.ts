import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { ApiSource, livePods } from "../../../src/cluster/api/api-source.ts";
import { openAccess } from "../../../src/cluster/api/kubeconfig.ts";
import type { Kind } from "../../../src/cluster/objects.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import { findPrograms, RealApiServer } from "./real-api-server.ts";

const programs = findPrograms();

describe("real API server", {
  skip: typeof programs === "string" ? programs : false,
  timeout: 120_000,
}, () => {
  let server: RealApiServer;
  before(async () => {
    if (typeof programs !== "string") server = await RealApiServer.start(programs);
  });
  after(() => server?.close());

  const services = "/api/v1/namespaces/shop/services";
  const slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";
  const service = (name: string) => ({ metadata: { name }, spec: { ports: [{ port: 80 }] } });
  const slice = (address: string) => ({
    metadata: { name: "web-1", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address] }],
    ports: [{ port: 80 }],
  });

  test("source over a kill -9 and restart of the API server ends with what is true", async t => {
    await server.send("POST", "/api/v1/namespaces", { metadata: { name: "shop" } });
    await server.send("POST", services, service("web"));
    await server.send("POST", slices, slice("10.0.0.1"));
    const kinds: readonly Kind[] = ["Namespace", "Service", "EndpointSlice", "Pod", "Node"];
    const { source, store } = await startSource(t.after.bind(t), "admin", kinds);
    await when(() => source.status().every(({ state }) => state === "watching"));
    assert.match(store.service("shop", "web")?.clusterIPs[0] ?? "", /^10\.96\./);

    await server.send("PUT", `${slices}/web-1`, slice("10.0.0.2"));
    await when(() => [...store.slicesAt("10.0.0.2")].length === 1);

    await server.killApiServer();
    await when(() => source.status().every(({ state }) => state === "retrying"));
    assert.equal([...store.slicesAt("10.0.0.2")].length, 1);
    await server.startApiServer();
    await server.send("DELETE", `${slices}/web-1`);
    await server.send("POST", services, service("api"));
    await when(
      () => [...store.slicesOf("shop", "web")].length === 0 && store.service("shop", "api") !== undefined,
    );
    assert.notEqual(store.service("shop", "web"), undefined);
    await when(() => source.status().every(({ state }) => state === "watching"));
  });

  test("source without rights tells the server's words and goes on when the rights come", async t => {
    const { source, store } = await startSource(t.after.bind(t), "guest", ["EndpointSlice"]);
    await when(() => source.status()[0]?.state === "retrying");
    const expected = `403 Forbidden: endpointslices.discovery.k8s.io is forbidden: User "guest" cannot list resource "endpointslices" in API group "discovery.k8s.io" at the cluster scope`;
    assert.equal(source.status()[0]?.lastError, expected);
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    const rules = [
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ];
    await server.send("POST", `${rbac}/clusterroles`, { metadata: { name: "dns" }, rules });
    await server.send("POST", `${rbac}/clusterrolebindings`, {
      metadata: { name: "dns" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "dns" },
      subjects: [{ kind: "User", name: "guest", apiGroup: "rbac.authorization.k8s.io" }],
    });
    await when(() => store.isSynced("EndpointSlice"));
  });

  async function startSource(
    after: (end: () => Promise<void>) => void,
    user: "admin" | "guest",
    kinds: readonly Kind[],
  ) {
    const access = await openAccess({ file: await server.kubeconfig(user) });
    const store = new ClusterStore(error => assert.ifError(error));
    const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });
    const source = new ApiSource({ access, store, kinds, log, selections: { Pod: livePods } });
    after(() => source.stop());
    source.start();
    return { source, store };
  }
});

async function when(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}
