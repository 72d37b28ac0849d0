/** Replies are the same octets whichever UDP listener sends them, and whether they were ready or made for the client. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { ClusterStore } from "../../../src/cluster/store.ts";
import { dictionary } from "../../../src/dns/plugins/order.ts";
import * as fixtures from "../../support/cluster-fixtures.ts";
import { makeTestCertificate } from "../../support/test-certificate.ts";
import { TestUpstream } from "../../support/test-upstream.ts";
import { loadedStore, seededRandom } from "./answering.ts";
import { changes } from "./cluster-changes.ts";
import { comparedCorefiles } from "./compared-corefiles.ts";
import { clientAddresses, FourServers } from "./four-servers.ts";
import { oneOf, queryCorpus } from "./query-corpus.ts";

const names = [
  ...["web.shop", "db.shop", "db-0.db.shop", "10-1-0-2.db.shop", "_http._tcp.web.shop", "_http._tcp.db.shop"],
  ...[
    "away.shop",
    "near.shop",
    "nobody.shop",
    "shop",
    "web.nowhere",
    "nowhere",
    "_tcp.web.shop",
    "x.web.shop",
  ],
  ...["www.example.net.shop", "zone-a.pin._zone.db.shop"],
].map(name => `${name}.svc.cluster.local.`);
const otherNames = [
  ...["cluster.local.", "svc.cluster.local.", "pod.cluster.local.", "ns.dns.cluster.local."],
  ...["hostmaster.cluster.local.", "dns-version.cluster.local.", "www.example.net.cluster.local."],
  ...["10-1-0-1.shop.pod.cluster.local.", "2001-db8--1.shop.pod.cluster.local.", "x.shop.pod.cluster.local."],
  ...[
    "db.shop.svc.clusterset.local.",
    "clusterset.local.",
    "1.0.96.10.in-addr.arpa.",
    "1.0.1.10.in-addr.arpa.",
  ],
  ...["9.9.9.10.in-addr.arpa.", "96.10.in-addr.arpa.", "0.0.127.in-addr.arpa.", "web.shop.example.org."],
  "a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
  ...["db.shop.example.org.", "nobody.shop.example.org.", "web.lab.", "www.lab.", "mail.lab.", "x.wild.lab."],
  ...[
    "x.sub.lab.",
    "lab.",
    "web.example.com.",
    "nobody.example.com.",
    "localhost.",
    "localhost.cluster.local.",
  ],
  ...["version.bind.", "id.server.", "a7.made.example.net.", "b.made.example.net.", "cold.example.net."],
  ...[
    "www.example.net.",
    "many.example.net.",
    "short.example.net.",
    "alias.example.net.",
    "gone.example.net.",
  ],
  ...["failing.example.net.", "refused.example.net.", "empty.example.net.", "example.net."],
];
const allNames = [...names, ...names, ...otherNames];

const soa = "example.net. 40 IN SOA ns.example.net. hostmaster.example.net. 1 2 3 4 20";
const addresses = (name: string, count: number, ttlSeconds: number) =>
  Array.from({ length: count }, (_, index) => `${name} ${ttlSeconds} IN A 203.0.113.${index}`).join("\n");

let upstream: TestUpstream;
let certificate: { readonly key: string; readonly cert: string };

before(async () => {
  certificate = makeTestCertificate("DNS:dns.test");
  upstream = await TestUpstream.start({
    answer({ nameText, typeText }) {
      // Replies from a cache have AA, so that it does not matter which query filled it.
      const flags = { isAuthoritative: true };
      const [first = ""] = nameText.toLowerCase().split(".");
      if (first === "failing") return { rcode: "SERVFAIL", flags };
      if (first === "refused") return { rcode: "REFUSED", flags };
      if (first === "empty" || typeText !== "A") return { authorities: soa, flags };
      const counts: Readonly<Record<string, number>> = { www: 4, many: 60, short: 2 };
      if (first === "alias")
        return {
          answers: `${nameText} 9 IN CNAME www.example.net.\n${addresses("www.example.net.", 3, 30)}`,
          flags,
        };
      const count = counts[first];
      if (count === undefined) return { rcode: "NXDOMAIN", authorities: soa, flags };
      return { answers: addresses(nameText, count, first === "short" ? 1 : 30), flags };
    },
  });
});
after(() => upstream.stop());

function shopStore(): ClusterStore {
  const [clientAddress] = clientAddresses;
  const store = loadedStore([
    fixtures.namespace("shop"),
    fixtures.pod("shop", "client", { podIPs: [clientAddress] }),
  ]);
  const first = [
    "a cluster IP",
    "a headless Service",
    "endpoints",
    "an alias outside",
    "an alias of a neighbour",
  ];
  for (const change of first) changes[change]?.(store);
  return store;
}

test("every word of the Corefile is compared", () => {
  const texts = Object.values(comparedCorefiles).map(({ corefile }) => corefile("bind", "192.0.2.53"));
  const words = new Set(texts.flatMap(text => text.split("\n").map(line => line.trim().split(" ", 1)[0])));
  const missing = dictionary.plugins.map(({ name }) => name).filter(word => !words.has(word));
  assert.deepEqual(missing, []);
});

suite("all four answer alike", () => {
  for (const [title, { corefile, files, dropsQueries = false, leastHits = 1_000 }] of Object.entries(
    comparedCorefiles,
  )) {
    test(`whatever is asked and whatever changes, ${title}`, async context => {
      const random = seededRandom(20_261_121);
      const store = shopStore();
      const four = await FourServers.start(context, {
        ...{ store, dropsQueries },
        corefile: bind => corefile(bind, upstream.target),
        files: { ...files, "server.pem": certificate.cert, "server.key": certificate.key },
      });
      let corpus = queryCorpus(allNames, 100, random);
      for (let time = 0; time < 3; time++) await four.assertAlike(corpus);
      const sequence = [...Object.keys(changes), "no shop", "shop", "no Service", "a cluster IP"];
      for (const [index, change] of sequence.entries()) {
        changes[change]?.(store);
        // Where nothing is ready there is nothing to be outdated.
        if (leastHits === 0 && index % 4 !== 0) continue;
        four.nowMs += oneOf([0, 400, 1_000, 7_000], random);
        // What was ready is outdated, and made ready again.
        for (let time = 0; time < 2; time++) await four.assertAlike(corpus);
        corpus = [...corpus.slice(20), ...queryCorpus(allNames, 20, random)];
      }
      await four.assertCountedAlike();
      context.diagnostic(`${four.hits} replies were ready`);
      assert.ok(four.hits >= leastHits);
    });
  }
});
