/** The HTTP pages of the proxy, as load balancers, probes and Prometheus read them. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../../support/until.ts";
import type { NodeName } from "./addresses.ts";
import { addressesOf, families, nodes } from "./addresses.ts";
import type { HttpAnswer } from "./agent.ts";
import { node, service, slices } from "./cluster-objects.ts";
import { Laboratory } from "./laboratory.ts";
import { metricPage, metricValue } from "./metric-page.ts";
import { laboratoryMissing } from "./networks.ts";
import { isKubeProxy } from "./proxy-process.ts";

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

suite("pages", { skip: laboratoryMissing() }, () => {
  let laboratory: Laboratory;

  before(async () => {
    laboratory = await Laboratory.open();
  });
  after(() => laboratory?.[Symbol.asyncDispose]());

  function fromOutside(
    family: (typeof families)[number],
    name: NodeName,
    port: number,
    path: string,
  ): Promise<HttpAnswer | undefined> {
    const address = addressesOf[family].nodes[name];
    const host = family === "IPv6" ? `[${address}]` : address;
    return laboratory.get("outside", `http://${host}:${port}${path}`);
  }

  /** Until the health check port says of each node how many endpoints it has; undefined: nobody listens. */
  async function untilCounted(
    port: number,
    expected: Readonly<Record<NodeName, number | undefined>>,
  ): Promise<void> {
    for (const family of families) {
      for (const name of nodes) {
        await until(`${family} ${name}:${port} ${expected[name]}`, async () => {
          const answer = await fromOutside(family, name, port, "/");
          const count = expected[name];
          if (count === undefined) return answer === undefined;
          const isStatus = answer?.status === (count > 0 ? 200 : 503);
          return isStatus && answer?.headers["x-load-balancing-endpoint-weight"] === String(count);
        });
      }
    }
  }

  const checked = (healthCheckNodePort: number) =>
    service("checked", 1, { spec: { externalTrafficPolicy: "Local", healthCheckNodePort } });

  test("a health check port tells load balancers of the endpoints on its node", async () => {
    await laboratory.apply(checked(31_001), ...slices("checked", ["pod-1b"]));
    await untilCounted(31_001, { node1: 1, node2: 0 });
    const answer = await fromOutside("IPv4", "node1", 31_001, "/any/path");
    assert.equal(answer?.headers["content-type"], "application/json");
    assert.equal(answer?.headers["x-content-type-options"], "nosniff");
    const lines = [
      "{",
      '\t"service": {',
      '\t\t"namespace": "default",',
      '\t\t"name": "checked"',
      "\t},",
      '\t"localEndpoints": 1,',
      '\t"serviceProxyHealthy": true',
      "}",
    ];
    assert.equal(answer?.body.trim(), lines.join("\n"));
    await laboratory.apply(...slices("checked", ["pod-1b", "pod-1a", "pod-2a"]));
    await untilCounted(31_001, { node1: 2, node2: 1 });
    const leaving = { pod: "pod-1b", ready: false, serving: true, terminating: true } as const;
    await laboratory.apply(...slices("checked", [leaving, "pod-2a"]));
    await untilCounted(31_001, { node1: 0, node2: 1 });
    await laboratory.apply(...slices("checked", []));
    await untilCounted(31_001, { node1: 0, node2: 0 });
  });

  test("a health check port is open as long as its Service has it", async () => {
    await laboratory.apply(checked(31_001), ...slices("checked", ["pod-1b"]));
    await untilCounted(31_001, { node1: 1, node2: 0 });
    await laboratory.apply(checked(31_002), ...slices("checked", ["pod-1b"]));
    await untilCounted(31_002, { node1: 1, node2: 0 });
    await untilCounted(31_001, { node1: undefined, node2: undefined });
    await laboratory.apply(service("checked", 1));
    await untilCounted(31_002, { node1: undefined, node2: undefined });
    await laboratory.apply(checked(31_001));
    await untilCounted(31_001, { node1: 1, node2: 0 });
    await laboratory.remove("Service", "checked");
    await untilCounted(31_001, { node1: undefined, node2: undefined });
  });

  test("/healthz and /livez answer from everywhere, with times and families", async () => {
    for (const family of families) {
      for (const path of ["/healthz", "/livez"]) {
        const answer = await fromOutside(family, "node1", 10_256, path);
        assert.equal(answer?.status, 200);
        assert.equal(answer.headers["content-type"], "application/json");
        assert.equal(answer.headers["x-content-type-options"], "nosniff");
        const { lastUpdated, currentTime, status, ...rest } = JSON.parse(answer.body);
        assert.match(lastUpdated, time);
        assert.match(currentTime, time);
        assert.deepEqual(rest, { healthy: true, ...(path === "/healthz" ? { nodeEligible: true } : {}) });
        assert.deepEqual(Object.keys(status).sort(), ["IPv4", "IPv6"]);
        for (const one of Object.values<{ lastUpdated: string; healthy: boolean }>(status)) {
          assert.match(one.lastUpdated, time);
          assert.equal(one.healthy, true);
        }
      }
    }
  });

  test("/healthz alone says that the node is about to be removed", async () => {
    const taints = [{ key: "ToBeDeletedByClusterAutoscaler", effect: "NoSchedule", value: "1" }];
    const healthz = () => fromOutside("IPv4", "node1", 10_256, "/healthz");
    await laboratory.put(node("node1", "zone1", { taints }));
    await until("/healthz says 503", async () => (await healthz())?.status === 503);
    const { nodeEligible, healthy } = JSON.parse((await healthz())?.body ?? "");
    assert.deepEqual({ nodeEligible, healthy }, { nodeEligible: false, healthy: true });
    assert.equal((await fromOutside("IPv4", "node1", 10_256, "/livez"))?.status, 200);
    await laboratory.put(node("node1"));
    await until("/healthz says 200", async () => (await healthz())?.status === 200);
  });

  test("/proxyMode is one word for the node's own", async () => {
    const answer = await laboratory.get("node1", "http://127.0.0.1:10249/proxyMode");
    assert.equal(answer?.status, 200);
    assert.equal(answer.body, "nftables");
    assert.match(answer.headers["content-type"] ?? "", /^text\/plain/);
    assert.equal((await laboratory.get("node1", "http://127.0.0.1:10249/healthz"))?.body, "ok");
    assert.equal(await fromOutside("IPv4", "node1", 10_249, "/proxyMode"), undefined);
  });

  test("/metrics has every metric of kube-proxy's that tells of nftables", async () => {
    const text = await metricPage(laboratory, "node1");
    const byFamily = [
      "sync_proxy_rules_duration_seconds_count",
      "sync_full_proxy_rules_duration_seconds_count",
      "sync_partial_proxy_rules_duration_seconds_count",
      "sync_proxy_rules_last_timestamp_seconds",
      "sync_proxy_rules_last_queued_timestamp_seconds",
      "network_programming_duration_seconds_count",
    ];
    for (const name of byFamily) {
      for (const family of families) {
        const value = metricValue(text, `kubeproxy_${name}`, `ip_family="${family}"`);
        assert.ok(value > 0, `${name} of ${family}: ${value}`);
      }
    }
    // Go's counters with labels appear with their first count.
    const counters = isKubeProxy
      ? []
      : ["sync_proxy_rules_nftables_sync_failures_total", "sync_proxy_rules_nftables_cleanup_failures_total"];
    const others = [
      ...counters,
      "sync_proxy_rules_endpoint_changes_pending",
      "sync_proxy_rules_endpoint_changes_total",
      "sync_proxy_rules_service_changes_pending",
      "sync_proxy_rules_service_changes_total",
      "sync_proxy_rules_no_local_endpoints_total",
      "proxy_healthz_total",
      "proxy_livez_total",
    ];
    const missing = others.filter(name => !text.includes(`\n# TYPE kubeproxy_${name} `));
    assert.deepEqual(missing, []);
  });

  test("/metrics counts changes, their synchronizations and Services without local endpoints", async () => {
    const spec = { externalTrafficPolicy: "Local", internalTrafficPolicy: "Local" };
    const read = async () => {
      const text = await metricPage(laboratory, "node2");
      return {
        syncs: metricValue(text, "kubeproxy_sync_proxy_rules_duration_seconds_count"),
        programmed: metricValue(text, "kubeproxy_network_programming_duration_seconds_count"),
        serviceChanges: metricValue(text, "kubeproxy_sync_proxy_rules_service_changes_total"),
        endpointChanges: metricValue(text, "kubeproxy_sync_proxy_rules_endpoint_changes_total"),
        withoutLocal: (["internal", "external"] as const).map(policy =>
          metricValue(
            text,
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
            'ip_family="IPv4"',
            `traffic_policy="${policy}"`,
          ),
        ),
      };
    };
    const before = await read();
    assert.deepEqual(before.withoutLocal, [0, 0]);
    await laboratory.apply(service("elsewhere", 2, { spec }), ...slices("elsewhere", ["pod-1b"]));
    // The rules are seen before the proxy has heard that they are in force, and counts them.
    await until("everything is counted", async () => {
      const during = await read();
      const isCounted = (["syncs", "programmed", "serviceChanges", "endpointChanges"] as const).every(
        name => during[name] > before[name],
      );
      // Its ports for TCP and UDP.
      return isCounted && String(during.withoutLocal) === "2,2";
    });
    await laboratory.apply(...slices("elsewhere", ["pod-1b", "pod-2b"]));
    await until("it has local ones", async () => String((await read()).withoutLocal) === "0,0");
  });
});
