/** Corefile word `loop`: a probe at the start, and what follows when it comes back. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply } from "../../support/dns-client-reply.ts";
import { startSubject } from "../../support/subject.ts";
import { TestUpstream } from "../../support/test-upstream.ts";
import { differsFromCoreDns } from "../conformance-case.ts";

const upstream = await TestUpstream.start();
after(() => upstream.stop());

test("one HINFO query for two random labels below the zone reaches the upstream", async () => {
  const subject = await startSubject({
    awaitReady: false,
    corefile: at => `${at.keys("corp.test")} {\n ${at.common}\n loop\n forward . ${upstream.target}\n}\n`,
  });
  try {
    while (!upstream.queries.some(({ ask }) => ask.endsWith(" HINFO")))
      await upstream.seen(upstream.count() + 1);
    const probes = upstream.queries.filter(({ ask }) => ask.endsWith(" HINFO"));
    assert.equal(probes.length, 1);
    assert.match(probes[0]?.ask ?? "", /^\d+\.\d+\.corp\.test\. HINFO$/);
  } finally {
    await subject.stop();
  }
});

test(
  "an upstream that is this very server is told and left out, and other names go on",
  differsFromCoreDns("CoreDNS ends the process, and with it the names of the cluster"),
  async () => {
    const subject = await startSubject({
      awaitReady: false,
      files: { hosts: "192.0.2.7 own.test\n" },
      corefile: at => `${at.keys(".")} {
    ${at.common}
    hosts ${at.directory}/hosts {
      192.0.2.9 cluster.local
      fallthrough
    }
    loop
    forward . ${at.host}:${at.port}
}
`,
    });
    try {
      const ask = async (text: string) =>
        decodeReply(await exchangeUdp(subject.server, buildQuery(text, { edns: {} }), 6_000));
      const deadlineMs = performance.now() + 5_000;
      while (!subject.output().includes("a loop") && performance.now() < deadlineMs) {
        await new Promise(resolve => setTimeout(resolve, 20));
      }
      assert.match(subject.output(), /Corefile:\d+.*a loop.*resolvConf/);
      const lost = await ask("www.example.org. A");
      assert.equal(lost.rcode, "SERVFAIL");
      assert.match(lost.opt?.options.find(({ code }) => code === 15)?.data.toString() ?? "", /upstream-loop/);
      assert.deepEqual((await ask("own.test. A")).answer, ["own.test. 3600 IN A 192.0.2.7"]);
    } finally {
      await subject.stop();
    }
  },
);
