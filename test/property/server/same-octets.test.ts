/** Whatever happens in the cluster, and whatever is asked: with the shortcut the same octets are sent as without it. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { cache } from "../../../src/dns/plugins/cache/cache.ts";
import { errors } from "../../../src/dns/plugins/errors.ts";
import { hosts } from "../../../src/dns/plugins/hosts/hosts.ts";
import { k8sExternal } from "../../../src/dns/plugins/k8s-external/k8s-external.ts";
import { kubernetes } from "../../../src/dns/plugins/kubernetes/kubernetes.ts";
import { loadbalance } from "../../../src/dns/plugins/loadbalance/loadbalance.ts";
import { octetsReply } from "../../../src/dns/plugins/octets-reply.ts";
import type { Handler } from "../../../src/dns/plugins/plugin.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { rewrite } from "../../../src/dns/plugins/rewrite/rewrite.ts";
import { encodeMessage } from "../../../src/dns/wire/encode.ts";
import type { ResourceRecord } from "../../../src/dns/wire/record.ts";
import { startRig } from "../../dns/plugins/rig.ts";
import { Answering, loadedStore, withSeed } from "../../dns/server/answering.ts";
import { changes } from "../../dns/server/cluster-changes.ts";
import * as fixtures from "../../support/cluster-fixtures.ts";
import { buildQuery, type QueryOptions } from "../../support/dns-client-query.ts";

const plugins = [errors, loadbalance, rewrite, cache, hosts, k8sExternal, kubernetes];

const corefiles = {
  "as kubeadm writes it": `. {
    errors
    loadbalance
    cache 30
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
    }
  }`,
  "with everything known and named": `. {
    loadbalance
    rewrite name suffix .example.com .shop.svc.cluster.local answer auto
    cache 30
    hosts {
      192.0.2.7 web.lab
      192.0.2.8 web.lab
      2001:db8::7 web.lab
      fallthrough
    }
    k8s_external example.org {
      headless
    }
    kubernetes cluster.local clusterset.local in-addr.arpa ip6.arpa {
      pods verified
      endpoint_pod_names
      zonal
      ignore empty_service
      multicluster clusterset.local
      fallthrough
    }
  }`,
};

const questions = [
  "web.shop.svc.cluster.local. A",
  "web.shop.svc.cluster.local. AAAA",
  "WEB.shop.SVC.Cluster.local. A",
  "web.shop.svc.CLUSTER.local. MX",
  "web.shop.svc.cluster.local. SRV",
  "_http._tcp.web.shop.svc.cluster.local. SRV",
  "_HTTP._tcp.db.Shop.svc.cluster.local. SRV",
  "db.shop.svc.cluster.local. A",
  "Db.shop.svc.cluster.local. A",
  "db.shop.svc.cluster.local. AAAA",
  "db.shop.svc.cluster.local. SRV",
  "db-0.db.shop.svc.cluster.local. A",
  "10-1-0-2.db.shop.svc.cluster.local. A",
  "away.shop.svc.cluster.local. A",
  "away.shop.svc.cluster.local. CNAME",
  "near.shop.svc.cluster.local. A",
  "Near.shop.svc.cluster.local. A",
  "shop.svc.cluster.local. A",
  "10-1-0-1.shop.pod.cluster.local. A",
  "10-1-0-1.SHOP.pod.cluster.local. TXT",
  "nobody.shop.svc.cluster.local. A",
  "nobody.shop.svc.cluster.local. HTTPS",
  "NoBody.shop.svc.cluster.local. A",
  "web.nowhere.svc.cluster.local. A",
  "www.example.net.shop.svc.cluster.local. A",
  "ns.dns.cluster.local. A",
  "NS.dns.cluster.local. MX",
  "x.NS.dns.cluster.local. MX",
  "ns.dns.cluster.local. MX",
  "hostmaster.cluster.local. A",
  "HostMaster.cluster.local. A",
  "dns-version.cluster.local. TXT",
  "DNS-version.cluster.local. TXT",
  "cluster.local. SOA",
  "Cluster.local. SOA",
  "cluster.local. NS",
  "cluster.local. A",
  "1.0.96.10.in-addr.arpa. PTR",
  "1.0.96.10.In-Addr.arpa. PTR",
  "1.0.1.10.in-addr.arpa. PTR",
  "9.9.9.10.in-addr.arpa. PTR",
  "A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR",
  "db.shop.svc.clusterset.local. A",
  "db.shop.svc.clusterset.local. SRV",
  "zone-a.pin._zone.db.shop.svc.cluster.local. A",
  "web.shop.example.org. A",
  "db.shop.example.org. A",
  "nobody.shop.example.org. A",
  "web.lab. A",
  "WEB.lab. A",
  "web.lab. AAAA",
  "web.lab. TXT",
  "web.example.com. A",
  "Web.example.com. A",
  "www.example.net. A",
  "WWW.example.net. A",
  "www.example.net. AAAA",
  "gone.example.net. A",
  "web.shop.svc.cluster.local. AXFR",
  "web.shop.svc.cluster.local. ANY",
];

const forms: readonly QueryOptions[] = [
  { recursionDesired: true },
  { recursionDesired: false, checkingDisabled: true },
  { recursionDesired: true, edns: { udpSizeBytes: 1232 } },
  { recursionDesired: true, authenticData: true, edns: { udpSizeBytes: 512, isDnssecOk: true } },
];

/** Names below example.net exist, with four addresses; `gone` does not. Always over a turn of the event loop. */
const upstream: Handler = async query => {
  const { name, type } = query.question;
  const record = (data: ResourceRecord["data"], owner = name): ResourceRecord => ({
    ...{ name: owner, class: 1, ttlSeconds: 20, data },
  });
  const soa = record(
    {
      ...{ type: "SOA", primary: ["a", "test"], mailbox: ["b", "test"], serial: 7, refreshSeconds: 1 },
      ...{ retrySeconds: 2, expireSeconds: 3, minimumSeconds: 4 },
    },
    ["net"],
  );
  const isThere = query.name[0] === "www" && type === 1;
  const addresses = [1, 2, 3, 4].map(last => record({ type: "A", address: `203.0.113.${last}` }));
  const rcode = isThere ? 0 : 3;
  const parts = isThere ? { answers: addresses } : { authorities: [soa] };
  const { message } = replyTo(query.message, { plugin: "upstream", rcode, ...parts });
  return octetsReply(encodeMessage(message, 65_535), { plugin: "forward" });
};

const anyStep = fc.record({
  change: fc.constantFrom(...Object.keys(changes)),
  seed: fc.integer(),
  form: fc.integer({ min: 0, max: forms.length - 1 }),
  passMs: fc.constantFrom(0, 0, 400, 3000),
});

suite("the shortcut", () => {
  for (const [title, corefile] of Object.entries(corefiles)) {
    test(`gives the octets that are given without it after any changes, ${title}`, async context => {
      let hits = 0;
      let queries = 0;
      const runs = fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 8 }), async steps => {
        const store = loadedStore([fixtures.namespace("shop")]);
        for (const change of ["a cluster IP", "a headless Service", "endpoints", "an alias outside"]) {
          changes[change]?.(store);
        }
        const rig = await startRig(corefile, { plugins, upstream, store });
        const quick = new Answering(rig, { usesShortcut: true });
        const plain = new Answering(rig, { usesShortcut: false });
        const compare = async (seed: number, form: QueryOptions) => {
          for (const question of questions) {
            const query = buildQuery(question, { ...form, id: (seed ^ queries) & 0xffff });
            // What an upstream has to be asked for is compared when it is in the cache.
            if (withSeed(seed, () => plain.ask(query)) instanceof Promise) await plain.ask(query);
            const expected = withSeed(seed, () => plain.ask(query));
            const given = withSeed(seed, () => quick.ask(query));
            assert.ok(!(expected instanceof Promise) && !(given instanceof Promise), question);
            queries += 1;
            assert.deepEqual(given, expected, question);
          }
        };
        for (const form of forms) for (const seed of [1, 2, 3]) await compare(seed, form);
        for (const { change, seed, form, passMs } of steps) {
          changes[change]?.(store);
          rig.nowMs += passMs;
          await compare(seed, forms[form] as QueryOptions);
        }
        hits += quick.hits;
        await rig.close();
      });
      await fc.assert(runs, { numRuns: 12 });
      context.diagnostic(`${hits} of ${queries} queries took the shortcut`);
      assert.ok(hits > queries / 4, "the shortcut is taken");
    });
  }
});
