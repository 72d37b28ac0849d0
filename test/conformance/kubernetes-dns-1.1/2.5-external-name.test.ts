/** Kubernetes DNS specification 1.1.0 §2.5: a Service of type ExternalName is a CNAME. */

import { describe } from "node:test";
import { externalNameService, namespace } from "../../support/cluster-fixtures.ts";
import { answers, useCluster } from "../conformance-case.ts";

describe("ExternalName", () => {
  const cluster = useCluster({
    objects: [
      namespace("shop"),
      externalNameService("shop", "mail", "smtp.example.com"),
      externalNameService("shop", "dotted", "smtp.example.com."),
    ],
  });

  answers(cluster, [
    {
      name: "CNAME of an ExternalName Service answers its external name",
      ask: "mail.shop.svc.cluster.local. CNAME",
      answer: "mail.shop.svc.cluster.local. 5 IN CNAME smtp.example.com.",
    },
    {
      name: "A of an ExternalName Service that cannot be followed answers the CNAME",
      ask: "mail.shop.svc.cluster.local. A",
      answer: "mail.shop.svc.cluster.local. 5 IN CNAME smtp.example.com.",
    },
    {
      name: "AAAA of an ExternalName Service that cannot be followed answers the CNAME",
      ask: "mail.shop.svc.cluster.local. AAAA",
      answer: "mail.shop.svc.cluster.local. 5 IN CNAME smtp.example.com.",
    },
    {
      name: "CNAME of an external name written with a final dot has one dot",
      ask: "dotted.shop.svc.cluster.local. CNAME",
      answer: "dotted.shop.svc.cluster.local. 5 IN CNAME smtp.example.com.",
    },
  ]);
});
