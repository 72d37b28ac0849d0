/** Kubernetes DNS specification 1.1.0 §2.2: `dns-version.<zone>. <ttl> IN TXT "<schema-version>"`. */

import { describe } from "node:test";
import { namespace } from "../../support/cluster-fixtures.ts";
import { answers, existsToUs, nxdomain, refused, useCluster } from "../conformance-case.ts";

describe("schema version", () => {
  const cluster = useCluster({ objects: [namespace("shop")] });

  answers(cluster, [
    {
      name: "TXT of dns-version answers the schema version for eight hours",
      ask: "dns-version.cluster.local. TXT",
      answer: 'dns-version.cluster.local. 28800 IN TXT "1.1.0"',
    },
    { name: "A of dns-version is empty", ask: "dns-version.cluster.local. A", ...existsToUs },
    { name: "TXT below dns-version is a name error", ask: "x.dns-version.cluster.local. TXT", ...nxdomain },
  ]);
});

describe("schema version in another zone", () => {
  const cluster = useCluster({ objects: [namespace("shop")], zones: ["k8s.example.org"] });

  answers(cluster, [
    {
      name: "TXT of dns-version answers in the configured cluster domain",
      ask: "dns-version.k8s.example.org. TXT",
      answer: 'dns-version.k8s.example.org. 28800 IN TXT "1.1.0"',
    },
    {
      name: "TXT of dns-version outside the configured cluster domain is refused",
      ask: "dns-version.cluster.local. TXT",
      ...refused,
    },
  ]);
});
