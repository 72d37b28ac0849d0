/** Manifests that real projects publish, where a copy of them lies beside the repository. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { describeFindings, expandYaml, type YamlCluster } from "./control-plane/expand-yaml.ts";

const folder = resolve(import.meta.dirname, "../../../../shared/manifests");
const skip = existsSync(folder) ? false : "the real manifests are not here";

function load(file: string, appended = ""): YamlCluster {
  return expandYaml(readFileSync(join(folder, file), "utf8") + appended);
}

/** `web =80/TCP 2` for each Service: ports of its one slice and the number of ready endpoints. */
function endpointsOf(cluster: YamlCluster): string[] {
  return cluster.all("EndpointSlice").map(({ serviceName, ports, endpoints }) => {
    const portTexts = ports.map(({ name, port, protocol }) => `${name}=${port}/${protocol}`);
    return `${serviceName} ${portTexts.join(",")} ${endpoints.filter(({ isReady }) => isReady).length}`;
  });
}

function warningsOf(cluster: YamlCluster): string[] {
  return describeFindings(cluster.findings.filter(({ severity }) => severity !== "note"));
}

test("Online Boutique: every Service has its one Pod, the load balancer an address", { skip }, () => {
  const cluster = load("online-boutique.yaml");
  assert.deepEqual(endpointsOf(cluster).sort(), [
    "adservice grpc=9555/TCP 1",
    "cartservice grpc=7070/TCP 1",
    "checkoutservice grpc=5050/TCP 1",
    "currencyservice grpc=7000/TCP 1",
    "emailservice grpc=8080/TCP 1",
    "frontend http=8080/TCP 1",
    "frontend-external http=8080/TCP 1",
    "paymentservice grpc=50051/TCP 1",
    "productcatalogservice grpc=3550/TCP 1",
    "recommendationservice grpc=8080/TCP 1",
    "redis-cart tcp-redis=6379/TCP 1",
    "shippingservice grpc=50051/TCP 1",
  ]);
  assert.equal(cluster.service("frontend-external").loadBalancerIngress.length, 1);
  assert.deepEqual(warningsOf(cluster), []);
});

test("Guestbook: three tiers with 1, 2 and 3 endpoints, a node port in front", { skip }, () => {
  const cluster = load("guestbook.yaml");
  assert.deepEqual(endpointsOf(cluster), [
    "redis-master =6379/TCP 1",
    "redis-replica =6379/TCP 2",
    "frontend =80/TCP 3",
  ]);
  assert.notEqual(cluster.service("frontend").ports[0]?.nodePort, 0);
  assert.deepEqual(warningsOf(cluster), []);
});

test("Cassandra: the headless Service names the three Pods", { skip }, () => {
  const cluster = load("cassandra.yaml");
  assert.deepEqual(cluster.slicesOf("cassandra"), [
    "IPv4 =9042/TCP: cassandra-0(cassandra-0) cassandra-1(cassandra-1) cassandra-2(cassandra-2)",
  ]);
  assert.deepEqual(cluster.service("cassandra").clusterIPs, []);
  assert.deepEqual(warningsOf(cluster), []);
});

test("CockroachDB: hostnames behind the headless Service only, which also publishes Pods that are not ready", {
  skip,
}, () => {
  const cluster = load("cockroachdb.yaml");
  assert.deepEqual(cluster.slicesOf("cockroachdb"), [
    "IPv4 grpc=26257/TCP,http=8080/TCP: cockroachdb-0(cockroachdb-0) cockroachdb-1(cockroachdb-1) cockroachdb-2(cockroachdb-2)",
  ]);
  assert.deepEqual(cluster.slicesOf("cockroachdb-public"), [
    "IPv4 grpc=26257/TCP,http=8080/TCP: cockroachdb-0 cockroachdb-1 cockroachdb-2",
  ]);
  assert.equal(cluster.service("cockroachdb").publishNotReadyAddresses, true);
  assert.equal(cluster.service("cockroachdb-public").publishNotReadyAddresses, false);
  assert.deepEqual(warningsOf(cluster), []);
});

test("Redis replica: the named port of a ReplicationController's Pods is found", { skip }, () => {
  const cluster = load("redis-replica-rc.yaml");
  assert.deepEqual(endpointsOf(cluster), ["redis-replica =6379/TCP 2"]);
  assert.deepEqual(warningsOf(cluster), []);
});
