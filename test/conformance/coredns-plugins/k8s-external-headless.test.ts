/** Corefile word `k8s_external` with `headless`, `fallthrough` and a zone transfer. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { subjectName } from "../../support/subject.ts";
import { answers, differsFromCoreDns, type Expectation, useCluster } from "../conformance-case.ts";
import { nobodyOutside, objects, soaOf } from "./external-objects.ts";
import { takeZone } from "./zone-transfer.ts";

describe("k8s_external with headless, fallthrough and transfer", {
  skip: subjectName === "coredns" && nobodyOutside,
}, () => {
  const cluster = useCluster({
    objects,
    listensEverywhere: true,
    files: { org: "$TTL 60\n@ SOA ns host 1 1 1 1 1\nother.shop A 198.51.100.9\n" },
    corefile: at => `${at.keys("cluster.local", "example.org")} {
    ${at.common}
    ${at.kubernetes("cluster.local")}
    k8s_external example.org {
      headless
      fallthrough
    }
    file ${at.directory}/org example.org
    transfer example.org {
      to *
    }
}
`,
  });
  const nxdomain: Expectation = {
    rcode: "NXDOMAIN",
    authority: "example.org. 60 IN SOA ns.example.org. host.example.org. <serial> 1 1 1 1",
  };

  answers(cluster, [
    {
      name: "A of a headless Service answers its ready endpoints",
      ask: "db.shop.example.org. A",
      answer: "db.shop.example.org. 5 IN A 10.244.0.1\ndb.shop.example.org. 5 IN A 10.244.0.2",
    },
    {
      name: "A of an endpoint of a headless Service",
      ask: "db-0.db.shop.example.org. A",
      answer: "db-0.db.shop.example.org. 5 IN A 10.244.0.1",
    },
    {
      name: "A of an endpoint of a Service without external address",
      ask: "10-244-0-4.inner.shop.example.org. A",
      answer: "10-244-0-4.inner.shop.example.org. 5 IN A 10.244.0.4",
    },
    {
      name: "SRV of a headless Service has its endpoints",
      ask: "_pg._tcp.db.shop.example.org. SRV",
      answer: `_pg._tcp.db.shop.example.org. 5 IN SRV 0 50 5432 db-0.db.shop.example.org.
               _pg._tcp.db.shop.example.org. 5 IN SRV 0 50 5432 10-244-0-2.db.shop.example.org.`,
      additional: `db-0.db.shop.example.org. 5 IN A 10.244.0.1
                   10-244-0-2.db.shop.example.org. 5 IN A 10.244.0.2`,
    },
    {
      name: "a name error goes on to the next plugin",
      ask: "other.shop.example.org. A",
      answer: "other.shop.example.org. 60 IN A 198.51.100.9",
    },
    { name: "and comes back from there", ask: "none.shop.example.org. A", ...nxdomain },
    {
      name: "a name of another type does not",
      ask: "web.shop.example.org. MX",
      authority: soaOf("example.org.", 5),
    },
  ]);

  test("AXFR gives the external addresses between two SOA records", async () => {
    const { records } = await takeZone(cluster.subject.server, "example.org.");
    assert.deepEqual(records.slice(0, 4), [
      soaOf("example.org.", 5),
      "example.org. 5 IN NS ns1.dns.example.org.",
      "ns1.dns.example.org. 5 IN A 192.0.2.53",
      "ns1.dns.example.org. 5 IN AAAA 2001:db8::53",
    ]);
    for (const line of [
      "web.shop.example.org. 5 IN A 192.0.2.1",
      "web.shop.example.org. 5 IN AAAA 2001:db8::1",
      "balanced.shop.example.org. 5 IN A 192.0.2.3",
      "named.shop.example.org. 5 IN CNAME lb.example.net.",
      "db.shop.example.org. 5 IN A 10.244.0.2",
      "db-0.db.shop.example.org. 5 IN A 10.244.0.1",
    ]) {
      assert.ok(records.includes(line), line);
    }
  });

  const repeats = differsFromCoreDns(
    "CoreDNS repeats records, leaves out SRV records of a name but the first, and weights each by itself",
  );
  test("AXFR holds what is answered, each record once", repeats, async () => {
    const { records } = await takeZone(cluster.subject.server, "example.org.");
    assert.equal(new Set(records).size, records.length - 1);
    assert.deepEqual(
      records.filter(line => line.includes(" SRV ") && line.includes("web.shop")),
      [
        "web.shop.example.org. 5 IN SRV 0 25 80 web.shop.example.org.",
        "web.shop.example.org. 5 IN SRV 0 25 443 web.shop.example.org.",
        "_http._tcp.web.shop.example.org. 5 IN SRV 0 50 80 web.shop.example.org.",
        "_https._tcp.web.shop.example.org. 5 IN SRV 0 50 443 web.shop.example.org.",
      ],
    );
  });
});
