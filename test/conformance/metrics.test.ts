/** What is scraped: CoreDNS's names, labels and bucket edges, and values that move with the traffic. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type ExposedFamily, parseExposition } from "../observe/exposition.ts";
import { metricContracts } from "../observe/metric-contracts.ts";
import { TestApiServer } from "../support/api-server.ts";
import { endpointSlice, namespace, service } from "../support/cluster-fixtures.ts";
import { exchangeUdp, UdpClient } from "../support/dns-client.ts";
import { buildQuery, type QueryOptions } from "../support/dns-client-query.ts";
import { type Subject, startSubject, subjectName } from "../support/subject.ts";
import { TestUpstream } from "../support/test-upstream.ts";

describe("metrics", () => {
  let api: TestApiServer;
  let upstream: TestUpstream;
  let dead: TestUpstream;
  let subject: Subject;
  let families: ReadonlyMap<string, ExposedFamily>;

  before(async () => {
    api = await TestApiServer.start();
    api.load([
      namespace("shop"),
      service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
      service("shop", "db", { clusterIPs: ["None"], ports: ["sql 5432"] }),
    ]);
    upstream = await TestUpstream.start();
    dead = await TestUpstream.start();
    await dead.stop();
    subject = await startSubject({
      kubeconfig: api.kubeconfig(),
      files: { Hosts: "192.0.2.9 box.hosts.test\n", "resolv.conf": "search search.test\n" },
      corefile: ({ keys, common, bind, directory, kubernetes }) => `${keys(".")} {
    ${common}
    reload 1h
    local
    acl {
      block type HINFO
      filter type MX
      drop type TXT
    }
    loadbalance
    cache 30
    ${kubernetes("cluster.local")}
    forward . ${upstream.target} {
      max_concurrent 1000
    }
}
${keys("hosts.test")} {
    ${bind}
    hosts ${directory}/Hosts
}
${keys("search.test")} {
    ${bind}
    autopath ${directory}/resolv.conf
    template IN A {
      answer "{{ .Name }} 60 IN A 192.0.2.8"
    }
}
${keys("broken.test")} {
    ${bind}
    template IN A {
      answer "{{ .Name }} 60 IN A not-an-address"
    }
}
${keys("dead.test")} {
    ${bind}
    forward . ${dead.target}
}
${keys("six.test")} {
    ${bind}
    dns64 {
      allow_ipv4
    }
    template IN A {
      answer "{{ .Name }} 60 IN A 192.0.2.8"
    }
    template IN AAAA {
      rcode NOERROR
    }
}
`,
    });
    await makeTraffic();
    families = await scrape();
  });
  after(async () => {
    await subject?.stop();
    await upstream?.stop();
    await api?.close();
  });

  const ask = (question: string, options?: QueryOptions) =>
    exchangeUdp(subject.server, buildQuery(question, options));

  async function scrape(): Promise<ReadonlyMap<string, ExposedFamily>> {
    const text = await (await fetch(subject.metricsUrl)).text();
    // The runtimes' own families differ.
    const ours = text.split("\n").filter(line => /^(?:# (?:HELP|TYPE) )?coredns_/.test(line));
    return parseExposition(ours.join("\n"));
  }

  async function makeTraffic(): Promise<void> {
    for (const question of [
      ...[
        "web.shop.svc.cluster.local. A",
        "www.example.org. A",
        "www.example.org. A",
        "localhost.example.org. A",
      ],
      ...["www.example.org. HINFO", "www.example.org. MX", "box.hosts.test. A", "www.broken.test. A"],
      ...["www.search.test. A", "www.dead.test. A", "www.six.test. AAAA"],
    ]) {
      await ask(question, { edns: { isDnssecOk: true } });
    }
    const client = await UdpClient.open(subject.server);
    client.send(buildQuery("dropped.example.org. TXT"));
    await client.receive(200).catch(() => {});
    client.close();
    for (const address of ["10.244.1.1", "10.244.1.2"]) {
      const changeTriggeredAt = new Date().toISOString();
      api.put(endpointSlice("shop", "db", { endpoints: [address], ports: ["sql 5432"], changeTriggeredAt }));
    }
    for (const name of [
      "coredns_kubernetes_dns_programming_duration_seconds_count",
      "coredns_health_request_duration_seconds_count",
    ]) {
      const deadlineMs = Date.now() + 5_000;
      while ((await sampleValue(name)) === 0 && Date.now() < deadlineMs);
    }
  }

  async function sampleValue(sampleName: string): Promise<number> {
    for (const { samples } of (await scrape()).values()) {
      const found = samples.find(({ name }) => name === sampleName);
      if (found !== undefined) return found.value;
    }
    return 0;
  }

  test("every family is one of CoreDNS's, with its type, labels and bucket edges", () => {
    const known = new Map(metricContracts.map(contract => [contract.name, contract]));
    const ours = [...families.values()].filter(
      ({ name, samples }) => name.startsWith("coredns_") && samples.length > 0,
    );
    for (const { name, type, samples } of ours) {
      const contract = known.get(name);
      // The peer has some more: plugins that are not offered, and a rate limiter of its client.
      if (contract === undefined && subjectName === "coredns") continue;
      assert.ok(contract, `${name} is not one of CoreDNS's`);
      assert.equal(type, contract.type, name);
      for (const sample of samples) {
        const expected: readonly string[] = sample.name.endsWith("_bucket")
          ? [...contract.labels, "le"]
          : contract.labels;
        assert.deepEqual(Object.keys(sample.labels).sort(), [...expected].sort(), sample.name);
      }
      if (type !== "histogram") continue;
      const edges = new Set(
        samples.filter(sample => sample.name === `${name}_bucket`).map(({ labels }) => labels.le),
      );
      assert.deepEqual([...edges], [...contract.edges, "+Inf"], name);
    }
  });

  for (const [name, labels] of [
    ["coredns_dns_requests_total", { zone: ".", proto: "udp", family: "1", type: "A" }],
    ["coredns_dns_responses_total", { zone: ".", rcode: "NOERROR", plugin: "loadbalance" }],
    ["coredns_dns_do_requests_total", { zone: "." }],
    ["coredns_plugin_enabled", { zone: ".", name: "kubernetes" }],
    ["coredns_plugin_enabled", { zone: ".", name: "forward" }],
    ["coredns_acl_blocked_requests_total", { zone: "." }],
    ["coredns_acl_filtered_requests_total", { zone: "." }],
    ["coredns_acl_dropped_requests_total", { zone: "." }],
    ["coredns_acl_allowed_requests_total", {}],
    ["coredns_cache_requests_total", { zones: "." }],
    ["coredns_cache_misses_total", { zones: "." }],
    ["coredns_cache_hits_total", { zones: ".", type: "success" }],
    ["coredns_cache_entries", { zones: ".", type: "success" }],
    ["coredns_dns64_requests_translated_total", {}],
    ["coredns_proxy_conn_cache_misses_total", { proxy_name: "forward", proto: "udp" }],
    ["coredns_hosts_entries", {}],
    ["coredns_hosts_reload_timestamp_seconds", {}],
    ["coredns_local_localhost_requests_total", {}],
    ["coredns_template_matches_total", { zone: "search.test.", class: "IN", type: "A" }],
    ["coredns_template_rr_failures_total", { zone: "broken.test.", section: "answer" }],
    ["coredns_kubernetes_rest_client_requests_total", { code: "200", method: "GET" }],
  ] as const) {
    test(`${name} has counted ${Object.values(labels).join(" ")}`, () => {
      const sample = families
        .get(name)
        ?.samples.find(({ labels: own }) =>
          Object.entries(labels).every(([label, value]) => own[label] === value),
        );
      assert.ok(sample, [...(families.get(name)?.samples ?? [])].map(one => JSON.stringify(one)).join("\n"));
      assert.ok(sample.value > 0);
    });
  }

  for (const name of [
    "coredns_dns_request_duration_seconds",
    "coredns_dns_request_size_bytes",
    "coredns_dns_response_size_bytes",
    "coredns_proxy_request_duration_seconds",
    "coredns_kubernetes_rest_client_request_duration_seconds",
    "coredns_kubernetes_dns_programming_duration_seconds",
    "coredns_health_request_duration_seconds",
  ]) {
    test(`${name} has observed something`, () => {
      const counts = families.get(name)?.samples.filter(sample => sample.name === `${name}_count`);
      assert.ok(counts?.some(({ value }) => value > 0));
    });
  }

  for (const name of [
    "coredns_panics_total",
    "coredns_forward_healthcheck_broken_total",
    "coredns_forward_max_concurrent_rejects_total",
    "coredns_reload_failed_total",
    "coredns_health_request_failures_total",
  ]) {
    test(`${name} is there before it moves`, () => {
      assert.equal(families.get(name)?.samples.length, 1);
    });
  }
});
