/** Corefile word `transfer`: whole zones for secondary servers. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
  endpointSlice,
  externalNameService,
  namespace,
  pod,
  service,
} from "../../support/cluster-fixtures.ts";
import { exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { subjectName } from "../../support/subject.ts";
import { differsFromCoreDns, useCluster } from "../conformance-case.ts";
import { useCorefile } from "./use-corefile.ts";
import { takeZone } from "./zone-transfer.ts";

describe("zones from files", async () => {
  /** Hears of changes. */
  const secondary = createSocket("udp4").bind(0, "127.0.0.1");
  await once(secondary, "listening");
  after(() => secondary.close());
  const notifications: string[] = [];
  secondary.on("message", (message, { port, address }) => {
    const { opcode, question } = decodeReply(message);
    notifications.push(`${opcode} ${question.subarray(0, -4).toString("latin1")}`);
    message.writeUInt16BE(message.readUInt16BE(2) | 0x8000, 2);
    secondary.send(message, port, address);
  });
  async function notified(count: number): Promise<void> {
    while (notifications.length < count) await once(secondary, "message");
  }

  const small = (serial: number) => `$TTL 60\n@ SOA ns1 host ${serial} 1 1 1 1\n@ NS ns1\nns1 A 192.0.2.1\n`;
  let directory = "";
  const server = useCorefile({
    files: {
      zone: `${small(7)}a TXT "x"\nb.a A 192.0.2.2\n`,
      live: small(1),
      large: `${small(1)}$GENERATE 1-3000 host-\${0,4,d} 60 TXT ${"x".repeat(60)}\n`,
    },
    corefile: at => {
      directory = at.directory;
      return `${at.keys("example.org", "large.test", "live.test", "closed.test", "elsewhere.test", "cluster.local")} {
    ${at.common}
    file ${at.directory}/zone example.org closed.test elsewhere.test
    file ${at.directory}/large large.test
    file ${at.directory}/live live.test {
      reload 50ms
    }
    transfer example.org large.test {
      to *
    }
    transfer closed.test {
      to 192.0.2.99
    }
    transfer live.test {
      to 127.0.0.1:${secondary.address().port}
    }
}
`;
    },
  });

  const soa = "example.org. 60 IN SOA ns1.example.org. host.example.org. <serial> 1 1 1 1";

  test("AXFR gives the zone between two SOA records", async () => {
    const { records, messages } = await takeZone(server.subject.server, "example.org.");
    assert.deepEqual(records, [
      soa,
      "example.org. 60 IN NS ns1.example.org.",
      'a.example.org. 60 IN TXT "x"',
      "b.a.example.org. 60 IN A 192.0.2.2",
      "ns1.example.org. 60 IN A 192.0.2.1",
      soa,
    ]);
    assert.ok(messages[0]?.isAuthoritative);
  });

  test("AXFR of a large zone comes in several messages below 64 KiB", async () => {
    const { records, messages } = await takeZone(server.subject.server, "large.test.");
    assert.equal(records.length, 3004);
    assert.ok(messages.length > 3);
    for (const { bytes } of messages) assert.ok(bytes.length < 64_000);
  });

  for (const [title, serial, count] of [
    ["the zone's own serial", 7, 1],
    ["an older serial", 6, 6],
    ["serial 0", 0, 6],
  ] as const) {
    test(`IXFR with ${title} gives ${count} records`, async () => {
      const { records } = await takeZone(server.subject.server, "example.org.", serial);
      assert.deepEqual([records.length, records[0]], [count, soa]);
    });
  }

  const fallsBack = differsFromCoreDns(
    "RFC 1995 §2: a client that is ahead needs nothing; CoreDNS sends all",
  );
  test("IXFR with a newer serial gives the SOA", fallsBack, async () => {
    assert.equal((await takeZone(server.subject.server, "example.org.", 8)).records.length, 1);
  });

  for (const [title, zone] of [
    ["a zone that others may take", "closed.test."],
    ["a zone without transfer", "elsewhere.test."],
    ["a name that is no zone", "a.example.org."],
  ] as const) {
    test(`AXFR of ${title} is refused`, async () => {
      const { messages } = await takeZone(server.subject.server, zone);
      assert.deepEqual(
        messages.map(({ rcode, answer }) => [rcode, answer.length]),
        [["REFUSED", 0]],
      );
    });
  }

  test("AXFR over UDP is refused", async () => {
    const reply = decodeReply(await exchangeUdp(server.subject.server, buildQuery("example.org. AXFR")));
    assert.equal(reply.rcode, "REFUSED");
  });

  test("servers in the list are told at the start and when the zone has changed", async () => {
    await notified(1);
    await writeFile(join(directory, "live"), small(2));
    await notified(2);
    assert.deepEqual(notifications.slice(0, 2), ["4 \x04live\x04test\0", "4 \x04live\x04test\0"]);
  });
});

/** Without one CoreDNS never ends a transfer of the cluster's zone. */
const localAddresses = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
  .map(({ address }) => address);
const isAlone = localAddresses.length === 0 ? "this machine has loopback addresses only" : false;

describe("the cluster's zone", { skip: subjectName === "coredns" && isAlone }, () => {
  const cluster = useCluster({
    listensEverywhere: true,
    corefile: at => `${at.keys("cluster.local", "in-addr.arpa")} {
    ${at.common}
    ${at.kubernetes("cluster.local in-addr.arpa", "pods insecure\n        ttl 7")}
    transfer {
      to *
    }
}
`,
    objects: [
      namespace("kube-system"),
      namespace("shop"),
      service("kube-system", "kube-dns", { clusterIPs: ["10.96.0.53"], ports: ["dns 53/UDP"] }),
      endpointSlice("kube-system", "kube-dns", {
        ports: ["dns 53/UDP"],
        endpoints: localAddresses.slice(0, 1),
      }),
      service("shop", "web", {
        clusterIPs: ["10.96.0.10", "fd00::a"],
        ports: ["http 80", "https 443"],
      }),
      service("shop", "api", { clusterIPs: ["10.96.0.11"], ports: ["8080"], externalIPs: ["192.0.2.1"] }),
      service("shop", "db", { clusterIPs: ["None"], ports: ["pg 5432"] }),
      endpointSlice("shop", "db", {
        ports: ["pg 5432"],
        endpoints: [
          { addresses: ["10.244.0.1"], hostname: "db-0" },
          "10.244.0.2",
          { addresses: ["10.244.0.3"], ready: false },
        ],
      }),
      externalNameService("shop", "mirror", "www.example.net"),
      externalNameService("shop", "wrong", "192.0.2.1"),
      service("nowhere", "lost", { clusterIPs: ["10.96.0.12"] }),
      pod("shop", "web-1", { podIPs: ["10.244.0.9"] }),
    ],
  });

  const soa =
    "cluster.local. 7 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. <serial> 7200 1800 86400 7";

  test("AXFR gives Services in the order of their names between two SOA records", async () => {
    const { records } = await takeZone(cluster.subject.server, "cluster.local.");
    const db = "db.shop.svc.cluster.local.";
    const web = "web.shop.svc.cluster.local.";
    const kubeDns = "kube-dns.kube-system.svc.cluster.local.";
    assert.deepEqual(records, [
      soa,
      `cluster.local. 7 IN NS ${kubeDns}`,
      `${kubeDns} 0 IN A 10.96.0.53`,
      "api.shop.svc.cluster.local. 7 IN A 10.96.0.11",
      "api.shop.svc.cluster.local. 7 IN SRV 0 100 8080 api.shop.svc.cluster.local.",
      `${db} 7 IN A 10.244.0.1`,
      `db-0.${db} 7 IN A 10.244.0.1`,
      `_pg._tcp.${db} 7 IN SRV 0 50 5432 db-0.${db}`,
      `${db} 7 IN A 10.244.0.2`,
      `10-244-0-2.${db} 7 IN A 10.244.0.2`,
      `_pg._tcp.${db} 7 IN SRV 0 50 5432 10-244-0-2.${db}`,
      `${kubeDns} 7 IN A 10.96.0.53`,
      `${kubeDns} 7 IN SRV 0 100 53 ${kubeDns}`,
      `_dns._udp.${kubeDns} 7 IN SRV 0 100 53 ${kubeDns}`,
      "mirror.shop.svc.cluster.local. 7 IN CNAME www.example.net.",
      `${web} 7 IN A 10.96.0.10`,
      `${web} 7 IN AAAA fd00::a`,
      `${web} 7 IN SRV 0 100 80 ${web}`,
      `_http._tcp.${web} 7 IN SRV 0 100 80 ${web}`,
      `${web} 7 IN SRV 0 100 443 ${web}`,
      `_https._tcp.${web} 7 IN SRV 0 100 443 ${web}`,
      soa,
    ]);
  });

  test("IXFR with the current serial gives the SOA alone, with another the zone", async () => {
    const { soaSerial = 0 } = await cluster.ask("cluster.local. SOA");
    assert.deepEqual((await takeZone(cluster.subject.server, "cluster.local.", soaSerial)).records, [soa]);
    assert.equal(
      (await takeZone(cluster.subject.server, "cluster.local.", soaSerial - 1)).records.length,
      22,
    );
  });

  const putsServices = differsFromCoreDns(
    "CoreDNS puts Services into the reverse zone's transfer, and never answers them there",
  );
  test("AXFR of a reverse zone gives its SOA and NS records", putsServices, async () => {
    const { records } = await takeZone(cluster.subject.server, "in-addr.arpa.");
    assert.deepEqual(
      records.map(line => line.split(" ")[3]),
      ["SOA", "NS", "A", "SOA"],
    );
  });
});
