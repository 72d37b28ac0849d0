/** Corefile word `hosts`: a hosts file and entries in the Corefile. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Expectation } from "../conformance-case.ts";
import { corefileAnswers, metricsOf, useCorefile } from "./use-corefile.ts";

const directory = await mkdtemp(join(tmpdir(), "frontdesk-hosts-"));
after(() => rm(directory, { recursive: true }));
const nodeHosts = join(directory, "NodeHosts");
await writeFile(
  nodeHosts,
  `# of the cluster's nodes
172.18.0.2 k3d-a-server-0 server.node # both
172.18.0.3\tk3d-a-agent-0
fd00::3 k3d-a-agent-0
172.18.0.4 k3d-a-agent-0
`,
);

const subject = useCorefile({
  files: { strict: "192.0.2.1 www.strict.test mail.strict.test outside.test\n" },
  corefile: at => `${at.keys(".")} {
    ${at.common}
    hosts ${nodeHosts} {
      10.0.0.1 host.minikube.internal
      ttl 60
      reload 50ms
      fallthrough
    }
    whoami
}
${at.keys("strict.test", "2.0.192.in-addr.arpa", "outside.test")} {
    ${at.bind}
    hosts ${at.directory}/strict strict.test {
      fallthrough deep.strict.test
    }
    whoami
}
`,
});

/** What `whoami`, the next plugin, answers differs from query to query. */
async function isNext(ask: string): Promise<boolean> {
  return (await subject.ask(ask)).additional.length === 2;
}

const failed: Expectation = { rcode: "SERVFAIL", isAuthoritative: false };

corefileAnswers(subject, [
  {
    name: "a node's name is answered",
    ask: "k3d-a-server-0. A",
    answer: "k3d-a-server-0. 60 IN A 172.18.0.2",
  },
  {
    name: "a second name of a line is answered",
    ask: "server.node. A",
    answer: "server.node. 60 IN A 172.18.0.2",
  },
  {
    name: "all IPv4 addresses of a name are answered",
    ask: "k3d-a-agent-0. A",
    answer: "k3d-a-agent-0. 60 IN A 172.18.0.3\nk3d-a-agent-0. 60 IN A 172.18.0.4",
  },
  {
    name: "the IPv6 address of a name is answered",
    ask: "k3d-a-agent-0. AAAA",
    answer: "k3d-a-agent-0. 60 IN AAAA fd00::3",
  },
  {
    name: "an entry of the Corefile is answered",
    ask: "host.minikube.internal. A",
    answer: "host.minikube.internal. 60 IN A 10.0.0.1",
  },
  {
    name: "a name without IPv6 addresses is answered with nothing, not even a SOA",
    ask: "k3d-a-server-0. AAAA",
  },
  { name: "a name asked for another type is answered with nothing", ask: "k3d-a-server-0. TXT" },
  {
    name: "an address leads back to all of its names",
    ask: "2.0.18.172.in-addr.arpa. PTR",
    answer:
      "2.0.18.172.in-addr.arpa. 60 IN PTR k3d-a-server-0.\n2.0.18.172.in-addr.arpa. 60 IN PTR server.node.",
  },
  {
    name: "an address of the Corefile leads back to its name",
    ask: "1.0.0.10.in-addr.arpa. PTR",
    answer: "1.0.0.10.in-addr.arpa. 60 IN PTR host.minikube.internal.",
  },
  {
    name: "an IPv6 address leads back to its name",
    ask: `3.${"0.".repeat(29)}d.f.ip6.arpa. PTR`,
    answer: `3.${"0.".repeat(29)}d.f.ip6.arpa. 60 IN PTR k3d-a-agent-0.`,
  },
  {
    name: "the usual TTL is an hour",
    ask: "www.strict.test. A",
    answer: "www.strict.test. 3600 IN A 192.0.2.1",
  },
  { name: "a missing name without fallthrough is a failure", ask: "db.strict.test. A", ...failed },
  {
    name: "an address outside of the zones leads back to names in them",
    ask: "1.2.0.192.in-addr.arpa. PTR",
    answer:
      "1.2.0.192.in-addr.arpa. 3600 IN PTR www.strict.test.\n1.2.0.192.in-addr.arpa. 3600 IN PTR mail.strict.test.",
  },
]);

for (const [what, ask] of [
  ["a missing name", "kubernetes.io. A"],
  ["a missing name in a zone of fallthrough", "a.deep.strict.test. A"],
  ["a name of the file outside of the zones", "outside.test. A"],
  ["an address without a name", "9.2.0.192.in-addr.arpa. PTR"],
] as const) {
  test(`${what} is the next plugin's`, async () => {
    assert.ok(await isNext(ask));
  });
}

test("entries are counted, the way back included", async () => {
  // 5 names and addresses of the file, 1 of the Corefile, each both ways.
  const entries = `coredns_hosts_entries{hostsfile="${nodeHosts}"}`;
  assert.deepEqual(await metricsOf(subject, entries), [`${entries} 12`]);
  assert.equal((await metricsOf(subject, "coredns_hosts_reload_timestamp_seconds ")).length, 1);
});

test("a changed file is served, a removed one stays and is served again when it is back", async () => {
  const answers = async () => (await subject.ask("late.node. A")).answer.join();
  const until = async (expected: string) => {
    const deadline = Date.now() + 3_000;
    while ((await answers()) !== expected) {
      assert.ok(Date.now() < deadline, `${expected} did not come: ${await answers()}`);
      await delay(10);
    }
  };
  await writeFile(nodeHosts, "172.18.0.9 late.node\n");
  await until("late.node. 60 IN A 172.18.0.9");
  await rm(nodeHosts);
  await delay(120);
  assert.equal(await answers(), "late.node. 60 IN A 172.18.0.9");
  await writeFile(nodeHosts, "172.18.0.10 late.node\n");
  await until("late.node. 60 IN A 172.18.0.10");
});
