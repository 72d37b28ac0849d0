/** ExternalName Services whose target is outside the zones: the server itself is asked for it. */

import { describe } from "node:test";
import { externalNameService, namespace } from "../../support/cluster-fixtures.ts";
import { answers, useCluster } from "../conformance-case.ts";

const external = (name: string, target: string) => externalNameService("shop", name, target);

describe("an ExternalName to the outside", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      external("beside", "www.block.test"),
      external("chained", "beside.shop.svc.cluster.local"),
      external("nowhere", "www.nowhere.test"),
      external("denied", "www.denied.test"),
      external("again", "alias.block.test"),
    ],
    corefile: site => `${site.keys("cluster.local")} {
    ${site.common}
    ${site.kubernetes("cluster.local")}
}
${site.keys("block.test")} {
    ${site.bind}
    template IN A www.block.test {
        answer "{{ .Name }} 60 IN A 192.0.2.7"
        fallthrough
    }
    template IN A alias.block.test {
        answer "{{ .Name }} 60 IN CNAME www.block.test."
    }
}
${site.keys("denied.test")} {
    ${site.bind}
    template ANY ANY denied.test {
        rcode NXDOMAIN
    }
}
`,
  });

  answers(cluster, [
    {
      name: "A with a target in another server block answers the CNAME and what is found there",
      ask: "beside.shop.svc.cluster.local. A",
      answer: `
        beside.shop.svc.cluster.local. 5 IN CNAME www.block.test.
        www.block.test. 60 IN A 192.0.2.7`,
    },
    {
      name: "A with a target that is an alias itself answers the whole chain",
      ask: "again.shop.svc.cluster.local. A",
      answer: `
        again.shop.svc.cluster.local. 5 IN CNAME alias.block.test.
        alias.block.test. 60 IN CNAME www.block.test.
        www.block.test. 60 IN A 192.0.2.7`,
    },
    {
      name: "a chain that leaves the zone is followed outside",
      ask: "chained.shop.svc.cluster.local. A",
      answer: `
        chained.shop.svc.cluster.local. 5 IN CNAME beside.shop.svc.cluster.local.
        beside.shop.svc.cluster.local. 5 IN CNAME www.block.test.
        www.block.test. 60 IN A 192.0.2.7`,
    },
    {
      name: "a target that nobody serves leaves the CNAME alone",
      ask: "nowhere.shop.svc.cluster.local. A",
      answer: "nowhere.shop.svc.cluster.local. 5 IN CNAME www.nowhere.test.",
    },
    {
      name: "a target that is denied leaves the CNAME alone, without error",
      ask: "denied.shop.svc.cluster.local. A",
      answer: "denied.shop.svc.cluster.local. 5 IN CNAME www.denied.test.",
    },
    {
      name: "CNAME is answered without a look at the target",
      ask: "beside.shop.svc.cluster.local. CNAME",
      answer: "beside.shop.svc.cluster.local. 5 IN CNAME www.block.test.",
    },
  ]);
});
