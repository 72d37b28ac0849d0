/** Which names `kubernetes` leaves to the plugins behind it. */

import { describe } from "node:test";
import type { TestApiServer } from "../../support/api-server.ts";
import { namespace, service } from "../../support/cluster-fixtures.ts";
import { answers, nodata, nxdomain, soa, useCluster } from "../conformance-case.ts";

/**
 * Behind `kubernetes`, `erratic` answers every A question with 192.0.2.53 and every AAAA with 2001:db8::53; it is
 * never ready.
 */
function useFallthrough(options: string, prepare: (api: TestApiServer) => void = () => {}) {
  return useCluster({
    prepare,
    awaitReady: false,
    objects: [
      namespace("shop"),
      service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
      service("shop", "empty", { clusterIPs: ["None"], ports: ["http 80"] }),
    ],
    corefile: site => `${site.keys(".")} {
    ${site.common}
    ${site.kubernetes("cluster.local in-addr.arpa", options)}
    erratic {
        drop 0
        delay 0
        truncate 0
    }
}
`,
  });
}

describe("fallthrough for a zone", () => {
  answers(useFallthrough("fallthrough in-addr.arpa"), [
    {
      name: "a name error in that zone goes to the next plugin",
      ask: "9.9.9.9.in-addr.arpa. A",
      answer: "9.9.9.9.in-addr.arpa. 0 IN A 192.0.2.53",
    },
    { name: "a name error in another zone is answered", ask: "none.shop.svc.cluster.local. A", ...nxdomain },
    { name: "an apex is answered", ask: "in-addr.arpa. A", authority: soa("in-addr.arpa.") },
  ]);
});

describe("fallthrough for all zones", () => {
  answers(useFallthrough("fallthrough"), [
    {
      name: "an unknown Service goes to the next plugin",
      ask: "none.shop.svc.cluster.local. A",
      answer: "none.shop.svc.cluster.local. 0 IN A 192.0.2.53",
    },
    {
      name: "a headless Service without endpoints goes to the next plugin",
      ask: "empty.shop.svc.cluster.local. AAAA",
      answer: "empty.shop.svc.cluster.local. 0 IN AAAA 2001:db8::53",
    },
    {
      name: "a name that exists in another type is answered",
      ask: "web.shop.svc.cluster.local. AAAA",
      ...nodata,
    },
    { name: "a namespace is answered", ask: "shop.svc.cluster.local. A", ...nodata },
    {
      name: "an SOA question below the apex is answered",
      ask: "none.shop.svc.cluster.local. SOA",
      ...nodata,
    },
  ]);
});

describe("fallthrough before everything is known", () => {
  const hang = { type: "hang", headers: false } as const;
  answers(
    useFallthrough("fallthrough in-addr.arpa\nstartup_timeout 100ms", api => {
      api.fail({ resource: "services" }, hang, Infinity);
    }),
    [
      {
        name: "a name error in that zone goes to the next plugin",
        ask: "9.9.9.9.in-addr.arpa. A",
        answer: "9.9.9.9.in-addr.arpa. 0 IN A 192.0.2.53",
      },
      {
        name: "a name error in another zone is SERVFAIL with SOA",
        ask: "web.shop.svc.cluster.local. A",
        rcode: "SERVFAIL",
        authority: soa(),
      },
    ],
  );
});
