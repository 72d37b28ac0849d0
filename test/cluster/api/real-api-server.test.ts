import assert from "node:assert/strict";
import { test } from "node:test";
import { pino } from "pino";
import { ApiSource, livePods } from "../../../src/cluster/api/api-source.ts";
import { openAccess } from "../../../src/cluster/api/kubeconfig.ts";
import type { Kind } from "../../../src/cluster/objects.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import { until } from "../../support/until.ts";
import { describeWithRealApiServer } from "./real-api-server.ts";

describeWithRealApiServer("real API server", server => {
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
    await server().send("POST", "/api/v1/namespaces", { metadata: { name: "shop" } });
    await server().send("POST", services, service("web"));
    await server().send("POST", slices, slice("10.0.0.1"));
    const kinds: readonly Kind[] = ["Namespace", "Service", "EndpointSlice", "Pod", "Node"];
    const { source, store } = await startSource(t.after.bind(t), "admin", kinds);
    await until("everything is watched", () => source.status().every(({ state }) => state === "watching"));
    assert.match(store.service("shop", "web")?.clusterIPs[0] ?? "", /^10\.96\./);

    await server().send("PUT", `${slices}/web-1`, slice("10.0.0.2"));
    await until("the new address", () => [...store.slicesAt("10.0.0.2")].length === 1);

    await server().killApiServer();
    await until("the outage is seen", () => source.status().every(({ state }) => state === "retrying"));
    assert.equal([...store.slicesAt("10.0.0.2")].length, 1);
    await server().startApiServer();
    await server().send("DELETE", `${slices}/web-1`);
    await server().send("POST", services, service("api"));
    await until(
      "what has changed meanwhile",
      () => [...store.slicesOf("shop", "web")].length === 0 && store.service("shop", "api") !== undefined,
    );
    assert.notEqual(store.service("shop", "web"), undefined);
    await until("everything is watched", () => source.status().every(({ state }) => state === "watching"));
  });

  test("source without rights tells the server's words and goes on when the rights come", async t => {
    const { source, store } = await startSource(t.after.bind(t), "guest", ["EndpointSlice"]);
    await until("a refusal", () => source.status()[0]?.state === "retrying");
    const expected = `403 Forbidden: endpointslices.discovery.k8s.io is forbidden: User "guest" cannot list resource "endpointslices" in API group "discovery.k8s.io" at the cluster scope`;
    assert.equal(source.status()[0]?.lastError, expected);
    const rules = [
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ];
    await server().send("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {
      metadata: { name: "dns" },
      rules,
    });
    await server().bindGuest("dns", "dns");
    await until("EndpointSlices", () => store.isSynced("EndpointSlice"));
  });

  async function startSource(
    after: (end: () => Promise<void>) => void,
    user: "admin" | "guest",
    kinds: readonly Kind[],
  ) {
    const access = await openAccess({ file: await server().kubeconfig(user) });
    const store = new ClusterStore(error => assert.ifError(error));
    const log = pino({ level: process.env.LOG_LEVEL ?? "silent" });
    const source = new ApiSource({ access, store, kinds, log, selections: { Pod: livePods } });
    after(() => source.stop());
    source.start();
    return { source, store };
  }
});
