/** What `metadata` knows of queries for the cluster, seen through the log. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { namespace, pod, service } from "../../support/cluster-fixtures.ts";
import { useCluster } from "../conformance-case.ts";

const labels = ["kind", "namespace", "service", "port-name", "protocol", "endpoint"];
const clientLabels = ["client-namespace", "client-pod-name", "client-label/tier"];

describe("metadata", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
      pod("shop", "client-1", { podIPs: ["127.0.0.1"], labels: { tier: "front" } }),
    ],
    corefile: site => `${site.keys(".")} {
    ${site.common}
    metadata
    log . "seen {name} ${[...labels, ...clientLabels].map(label => `{/kubernetes/${label}}`).join("|")}"
    ${site.kubernetes("cluster.local", "pods verified")}
}
`,
  });

  /** Asks and waits for the line about it; the parts in the order of the labels, "-" for none. */
  async function described(name: string): Promise<readonly string[]> {
    await cluster.ask(`${name} A`);
    const pattern = new RegExp(`seen ${name.replaceAll(".", "\\.")} (\\S*)`);
    for (let attempt = 0; attempt < 1_000; attempt++) {
      const found = pattern.exec(cluster.subject.output());
      if (found !== null) return (found[1] ?? "").replace(/"?\}?$/, "").split("|");
      await delay(2);
    }
    assert.fail(`nothing was logged of ${name}`);
  }

  const cases: readonly (readonly [name: string, ...parts: string[]])[] = [
    ["web.shop.svc.cluster.local.", "svc", "shop", "web", "-", "-", "-"],
    ["_http._tcp.web.shop.svc.cluster.local.", "svc", "shop", "web", "http", "tcp", "-"],
    ["10-244-1-1.web.shop.svc.cluster.local.", "svc", "shop", "web", "-", "-", "10-244-1-1"],
    ["10-244-0-9.shop.pod.cluster.local.", "pod", "shop", "10-244-0-9", "-", "-", "-"],
    ["shop.svc.cluster.local.", "svc", "shop", "-", "-", "-", "-"],
    ["other.cluster.local.", "-", "-", "-", "-", "-", "-"],
  ];
  for (const [name, ...parts] of cases) {
    test(`of ${name} tells ${parts.join(" ")}`, async () => {
      const found = await described(name);
      assert.deepEqual(
        found.slice(0, labels.length).map(part => part || "-"),
        parts,
      );
    });
  }

  test("of a query from a Pod tells the Pod", async () => {
    const found = await described("client.shop.svc.cluster.local.");
    assert.deepEqual(found.slice(labels.length), ["shop", "client-1", "front"]);
  });
});
