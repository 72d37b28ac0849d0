/** Corefile word `autopath`: the client's search list tried by the server. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namespace, pod, service } from "../../support/cluster-fixtures.ts";
import { answers, differsFromCoreDns, useCluster } from "../conformance-case.ts";
import { corefileAnswers, metricsOf, useCorefile } from "./use-corefile.ts";

const outside = "$TTL 60\n@ SOA ns host 1 1 1 1 1\n@ NS ns\nwww A 198.51.100.1\nalias CNAME www\n";

describe("a search list in a file", () => {
  const server = useCorefile({
    files: {
      "search.conf": "nameserver 192.0.2.1\nsearch first.test second.test\n",
      first: "$TTL 60\n@ SOA ns host 1 1 1 1 1\nhere A 198.51.100.2\nempty TXT x\n",
      second: "$TTL 60\n@ SOA ns host 1 1 1 1 1\nthere A 198.51.100.3\nthere TXT x\n",
      outside,
    },
    corefile: at => `${at.keys(".")} {
    ${at.common}
    autopath first.test second.test ${at.directory}/search.conf
    file ${at.directory}/first first.test
    file ${at.directory}/second second.test
    file ${at.directory}/outside example.net
}
`,
  });
  const soaOf = (zone: string) => `${zone} 60 IN SOA ns.${zone} host.${zone} <serial> 1 1 1 1`;
  const ns = "example.net. 60 IN NS ns.example.net.";

  corefileAnswers(server, [
    {
      name: "a name with the first element is answered as it is",
      ask: "here.first.test. A",
      answer: "here.first.test. 60 IN A 198.51.100.2",
    },
    { name: "one without the type as well", ask: "empty.first.test. A", authority: soaOf("first.test.") },
    {
      name: "a name with the second element is answered behind a CNAME",
      ask: "there.first.test. A",
      answer: "there.first.test. 60 IN CNAME there.second.test.\nthere.second.test. 60 IN A 198.51.100.3",
    },
    {
      name: "one without the type stops the search",
      ask: "there.first.test. MX",
      authority: soaOf("second.test."),
    },
    {
      name: "a name without any element is answered behind a CNAME",
      ask: "www.example.net.first.test. A",
      answer:
        "www.example.net.first.test. 60 IN CNAME www.example.net.\nwww.example.net. 60 IN A 198.51.100.1",
      authority: ns,
    },
    {
      name: "an alias found is answered with all of its names",
      ask: "alias.example.net.first.test. A",
      answer: `alias.example.net.first.test. 60 IN CNAME alias.example.net.
               alias.example.net. 60 IN CNAME www.example.net.
               www.example.net. 60 IN A 198.51.100.1`,
      authority: ns,
    },
    {
      name: "a name that no element has gets the first denial",
      ask: "none.example.net.first.test. A",
      rcode: "NXDOMAIN",
      authority: soaOf("first.test."),
    },
    {
      name: "a name with the second element only is left alone",
      ask: "none.second.test. A",
      rcode: "NXDOMAIN",
      authority: soaOf("second.test."),
    },
    {
      name: "a name outside the zones is left alone",
      ask: "www.example.net. A",
      answer: "www.example.net. 60 IN A 198.51.100.1",
      authority: ns,
    },
  ]);

  test("answers are counted", async () => {
    const [before] = await metricsOf(server, "coredns_autopath_success_total{");
    await server.ask("there.first.test. A");
    const [after] = await metricsOf(server, "coredns_autopath_success_total{");
    const count = (line = "") => Number(line.split(" ").at(-1));
    assert.match(after ?? "", /^coredns_autopath_success_total\{server="dns:\/\/[^"]*:\d+"\} /);
    assert.equal(count(after) - count(before), 1);
  });
});

describe("the search list of a Pod", () => {
  const objects = [
    namespace("shop"),
    namespace("back"),
    service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
    service("back", "db", { clusterIPs: ["10.96.0.11"], ports: ["pg 5432"] }),
  ];
  const corefile = (
    at: Parameters<NonNullable<Parameters<typeof useCorefile>[0]["corefile"]>>[0],
  ) => `${at.keys(".")} {
    ${at.common}
    autopath @kubernetes
    ${at.kubernetes("cluster.local", "pods verified")}
    file ${at.directory}/outside example.net
}
`;
  const files = { outside };
  const soa =
    "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. <serial> 7200 1800 86400 5";
  const denied = (name: string, ask: string) => ({ name, ask, rcode: "NXDOMAIN", authority: soa });

  describe("that is known", () => {
    const cluster = useCluster({
      objects: [...objects, pod("shop", "client", { podIPs: ["127.0.0.1"] })],
      files,
      corefile,
      listensEverywhere: true,
    });
    answers(cluster, [
      {
        name: "a Service of another namespace is found with the second element",
        ask: "db.back.shop.svc.cluster.local. A",
        answer: `db.back.shop.svc.cluster.local. 5 IN CNAME db.back.svc.cluster.local.
                 db.back.svc.cluster.local. 5 IN A 10.96.0.11`,
      },
      {
        name: "a name outside is found without an element",
        ask: "www.example.net.shop.svc.cluster.local. A",
        answer: `www.example.net.shop.svc.cluster.local. 60 IN CNAME www.example.net.
                 www.example.net. 60 IN A 198.51.100.1`,
        authority: "example.net. 60 IN NS ns.example.net.",
      },
      {
        name: "a Service of the Pod's own namespace is answered as it is",
        ask: "web.shop.svc.cluster.local. A",
        answer: "web.shop.svc.cluster.local. 5 IN A 10.96.0.10",
      },
      denied(
        "a name with the search list of another namespace is left alone",
        "www.example.net.back.svc.cluster.local. A",
      ),
    ]);
  });

  describe("whose address Pods of two namespaces hold", () => {
    const cluster = useCluster({
      objects: [
        ...objects,
        pod("shop", "client", { podIPs: ["127.0.0.1"] }),
        pod("back", "client", { podIPs: ["127.0.0.1"] }),
      ],
      files,
      corefile,
      listensEverywhere: true,
    });
    const guesses = differsFromCoreDns("CoreDNS takes one of them, perhaps another tenant's");
    for (const own of ["shop", "back"]) {
      test(`nothing is searched for ${own}`, guesses, async () => {
        const { rcode } = await cluster.ask(`www.example.net.${own}.svc.cluster.local. A`);
        assert.equal(rcode, "NXDOMAIN");
      });
    }
  });
});
