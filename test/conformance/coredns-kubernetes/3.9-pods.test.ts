/** Pod names `<address with dashes>.<namespace>.pod.<zone>` in the three modes of the option `pods`. */

import { describe, test } from "node:test";
import { namespace, pod } from "../../support/cluster-fixtures.ts";
import { answers, eventuallyAnswers, nodata, nxdomain, useCluster } from "../conformance-case.ts";

const objects = [
  namespace("shop"),
  namespace("other"),
  pod("shop", "web-1", { podIPs: ["10.244.1.1", "fd00:10:244::1"] }),
  pod("shop", "six", { podIPs: ["fd00:10:244::2"] }),
  pod("shop", "job", { podIPs: ["10.244.1.3"], phase: "Succeeded" }),
];

describe("pods disabled", () => {
  const cluster = useCluster({ objects, pods: "disabled" });

  answers(cluster, [
    { name: "A of a pod is a name error", ask: "10-244-1-1.shop.pod.cluster.local. A", ...nxdomain },
    {
      name: "AAAA of a pod is a name error",
      ask: "fd00-10-244--2.shop.pod.cluster.local. AAAA",
      ...nxdomain,
    },
  ]);
});

describe("pods insecure", () => {
  const cluster = useCluster({ objects, pods: "insecure" });

  answers(cluster, [
    {
      name: "A of an address answers it, Pod or no Pod",
      ask: "192-0-2-99.shop.pod.cluster.local. A",
      answer: "192-0-2-99.shop.pod.cluster.local. 5 IN A 192.0.2.99",
    },
    {
      name: "A of an address in a namespace that does not exist is a name error",
      ask: "192-0-2-99.none.pod.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "AAAA of an address with a double dash answers it",
      ask: "fd00-10-244--77.shop.pod.cluster.local. AAAA",
      answer: "fd00-10-244--77.shop.pod.cluster.local. 5 IN AAAA fd00:10:244::77",
    },
    {
      name: "AAAA of an address in full answers it",
      ask: "fd00-10-244-0-0-0-0-77.shop.pod.cluster.local. AAAA",
      answer: "fd00-10-244-0-0-0-0-77.shop.pod.cluster.local. 5 IN AAAA fd00:10:244::77",
    },
    { name: "AAAA of an IPv4 address is empty", ask: "192-0-2-99.shop.pod.cluster.local. AAAA", ...nodata },
    { name: "A of an IPv6 address is empty", ask: "fd00-10-244--77.shop.pod.cluster.local. A", ...nodata },
    { name: "TXT of an address is empty", ask: "192-0-2-99.shop.pod.cluster.local. TXT", ...nodata },
    { name: "MX of an address is empty", ask: "192-0-2-99.shop.pod.cluster.local. MX", ...nodata },
    {
      name: "SRV of an address is empty",
      ask: "192-0-2-99.shop.pod.cluster.local. SRV",
      ...nodata,
      differs: {
        why: "CoreDNS answers port 0, where nobody listens",
        coredns: {
          answer: "192-0-2-99.shop.pod.cluster.local. 5 IN SRV 0 100 0 192-0-2-99.shop.pod.cluster.local.",
          additional: "192-0-2-99.shop.pod.cluster.local. 5 IN A 192.0.2.99",
        },
      },
    },
    { name: "A of no address is a name error", ask: "web-1.shop.pod.cluster.local. A", ...nxdomain },
    {
      name: "A of an octet over 255 is a name error",
      ask: "10-244-1-256.shop.pod.cluster.local. A",
      ...nxdomain,
    },
    { name: "A of three octets is a name error", ask: "10-244-1.shop.pod.cluster.local. A", ...nxdomain },
    { name: "A of five octets is a name error", ask: "10-244-1-1-1.shop.pod.cluster.local. A", ...nxdomain },
    {
      name: "A of four words with dashes is a name error",
      ask: "my-little-web-server.shop.pod.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of an address with one more label answers",
      ask: "x.10-244-1-1.shop.pod.cluster.local. A",
      answer: "x.10-244-1-1.shop.pod.cluster.local. 5 IN A 10.244.1.1",
    },
    {
      name: "A of an address with two more labels answers",
      ask: "x.y.10-244-1-1.shop.pod.cluster.local. A",
      answer: "x.y.10-244-1-1.shop.pod.cluster.local. 5 IN A 10.244.1.1",
    },
    {
      name: "A of an address with three more labels is a name error",
      ask: "x.y.z.10-244-1-1.shop.pod.cluster.local. A",
      ...nxdomain,
    },
  ]);
});

describe("pods verified", () => {
  const cluster = useCluster({ objects, pods: "verified" });

  answers(cluster, [
    {
      name: "A of a Pod's address answers it",
      ask: "10-244-1-1.shop.pod.cluster.local. A",
      answer: "10-244-1-1.shop.pod.cluster.local. 5 IN A 10.244.1.1",
    },
    {
      name: "AAAA of an IPv6 Pod's address answers it",
      ask: "fd00-10-244--2.shop.pod.cluster.local. AAAA",
      answer: "fd00-10-244--2.shop.pod.cluster.local. 5 IN AAAA fd00:10:244::2",
    },
    {
      name: "AAAA of an IPv4 Pod's address is empty",
      ask: "10-244-1-1.shop.pod.cluster.local. AAAA",
      ...nodata,
    },
    {
      name: "A of a Pod's address in another namespace is a name error",
      ask: "10-244-1-1.other.pod.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of an address without a Pod is a name error",
      ask: "10-244-1-9.shop.pod.cluster.local. A",
      ...nxdomain,
    },
    {
      name: "A of a Pod that has finished is a name error",
      ask: "10-244-1-3.shop.pod.cluster.local. A",
      ...nxdomain,
    },
  ]);

  test("A of a Pod that comes, finishes and goes follows it", async () => {
    const ask = "10-244-1-50.shop.pod.cluster.local. A";
    const answer = { answer: "10-244-1-50.shop.pod.cluster.local. 5 IN A 10.244.1.50" };
    await eventuallyAnswers(cluster, ask, nxdomain);
    cluster.api.put(pod("shop", "late", { podIPs: ["10.244.1.50"] }));
    await eventuallyAnswers(cluster, ask, answer);
    cluster.api.put(pod("shop", "late", { podIPs: ["10.244.1.50"], phase: "Failed" }));
    await eventuallyAnswers(cluster, ask, nxdomain);
    cluster.api.put(pod("shop", "late", { podIPs: ["10.244.1.50"] }));
    await eventuallyAnswers(cluster, ask, answer);
    cluster.api.remove("Pod", "shop", "late");
    await eventuallyAnswers(cluster, ask, nxdomain);
  });
});
