import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, suite, test } from "node:test";
import { autopath } from "../../../src/dns/plugins/autopath.ts";
import { kubernetes } from "../../../src/dns/plugins/kubernetes/kubernetes.ts";
import { failure, type Outcome } from "../../../src/dns/plugins/outcome.ts";
import { type Handler, PluginStartError } from "../../../src/dns/plugins/plugin.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { rcodes } from "../../../src/dns/wire/message.ts";
import { formatName } from "../../../src/dns/wire/name.ts";
import { parseRecord } from "../../../src/dns/zone-text/parse-record.ts";
import { namespace, pod, service } from "../../support/cluster-fixtures.ts";
import { storeOf } from "../zone/zone-case.ts";
import { explained } from "./explained.ts";
import { findingsOf, type Rig, startRig } from "./rig.ts";

const plugins = [autopath, kubernetes];
const counter = 'coredns_autopath_success_total{server="dns://:53"}';

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "frontdesk-autopath-"));
  await writeFile(join(directory, "search"), "search a.test b.test\n");
});
after(() => rm(directory, { recursive: true }));

let rig: Rig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

/** What the rest of the server says, by name; a name error for every other. */
type Known = Readonly<Record<string, string | Outcome>>;

function upstreamOf(known: Known, asked: string[] = []): Handler {
  return query => {
    const name = formatName(query.question.name);
    asked.push(name);
    const found = known[name.toLowerCase()];
    if (typeof found === "object") return found;
    return replyTo(query.message, {
      plugin: "test",
      rcode: found === undefined ? rcodes.NXDOMAIN : rcodes.NOERROR,
      answers: found === undefined || found === "" ? [] : [parseRecord(`${name} 7 ${found}`, [], 0)],
      reason: found === undefined ? { code: "unknown-name", text: name } : undefined,
    });
  };
}

async function start(known: Known, asked: string[] = []): Promise<Rig> {
  const upstream = upstreamOf(known, asked);
  rig = await startRig(`. {\n autopath ${directory}/search\n}`, { plugins, upstream });
  return rig;
}

suite("a search list in a file", () => {
  for (const [title, ask, known, expected, tried, count] of [
    [
      "the first element",
      "www.a.test. A",
      { "www.a.test.": "A 192.0.2.1" },
      ["www.a.test. 7 IN A 192.0.2.1"],
      1,
      1,
    ],
    [
      "the second element",
      "Www.A.test. A",
      { "www.b.test.": "A 192.0.2.1" },
      ["Www.A.test. 7 IN CNAME Www.b.test.", "Www.b.test. 7 IN A 192.0.2.1"],
      2,
      1,
    ],
    [
      "no element",
      "www.example.net.a.test. A",
      { "www.example.net.": "A 192.0.2.1" },
      ["www.example.net.a.test. 7 IN CNAME www.example.net.", "www.example.net. 7 IN A 192.0.2.1"],
      3,
      1,
    ],
    [
      "the second element without data",
      "www.a.test. A",
      { "www.b.test.": "", "www.": "A 192.0.2.1" },
      [],
      2,
      1,
    ],
    ["nothing", "www.a.test. A", {}, [], 3, undefined],
    ["the element itself", "a.test. A", { test: "A 192.0.2.1" }, [], 1, undefined],
    ["another name", "www.b.test. A", { "www.": "A 192.0.2.1" }, [], 1, undefined],
  ] as const) {
    test(`${ask} that is found with ${title} is answered so`, async () => {
      const asked: string[] = [];
      const running = await start(known, asked);
      const { answers, outcome } = await running.ask(ask);
      assert.deepEqual([answers, asked.length, running.metrics.get(counter)], [expected, tried, count]);
      assert.ok(outcome.kind === "reply");
      assert.equal(formatName(outcome.message.questions[0]?.name ?? []), ask.split(" ")[0]);
    });
  }

  test("a name that no element has gets the first denial", async () => {
    const { rcode, outcome } = await (await start({})).ask("www.a.test. A");
    assert.equal(rcode, "NXDOMAIN");
    assert.equal(outcome.kind === "reply" && outcome.reason?.text, "www.a.test.");
  });

  test("an error ends the search, a bare code does not", async () => {
    const known = { "www.b.test.": failure(rcodes.SERVFAIL, "no server answers"), "www.": "A 192.0.2.1" };
    assert.equal((await (await start(known)).ask("www.a.test. A")).rcode, "SERVFAIL");
    await rig?.close();
    const bare = { ...known, "www.b.test.": failure(rcodes.REFUSED) };
    assert.equal((await (await start(bare)).ask("www.a.test. A")).answers.length, 2);
  });

  test("answers that are there at once are given at once", async () => {
    const running = await start({ "www.": "A 192.0.2.1" });
    assert.ok(!(running.chain.handle(running.query("www.a.test. A")) instanceof Promise));
  });

  test("a file that cannot be read keeps the server from starting", async () => {
    await assert.rejects(startRig(`. {\n autopath ${directory}/none\n}`, { plugins }), (error: unknown) => {
      assert.ok(error instanceof PluginStartError);
      assert.deepEqual([error.at.line, error.at.column], [2, 11]);
      return true;
    });
  });
});

suite("the search list of a Pod", () => {
  const objects = [
    namespace("shop"),
    namespace("back"),
    service("back", "db", { clusterIPs: ["10.96.0.11"], ports: ["pg 5432"] }),
    pod("shop", "client", { podIPs: ["10.244.0.9"] }),
    pod("shop", "neighbour", { podIPs: ["10.244.0.8"] }),
    pod("shop", "on-host", { podIPs: ["172.18.0.2"] }),
    pod("back", "on-host", { podIPs: ["172.18.0.2"] }),
  ];

  for (const [title, address, expected] of [
    ["a Pod", "10.244.0.9", 2],
    ["nobody known", "10.244.0.7", 0],
    ["Pods of two namespaces", "172.18.0.2", 0],
  ] as const) {
    test(`of ${title} ${expected > 0 ? "leads to other namespaces" : "is none"}`, async () => {
      const corefile = ". {\n autopath @kubernetes\n kubernetes cluster.local {\n pods verified\n }\n}";
      rig = await startRig(corefile, { plugins, store: storeOf(objects) });
      const { answers } = await rig.ask("db.back.shop.svc.cluster.local. A", { client: { address } });
      assert.equal(answers.length, expected);
    });
  }
});

suite("the Corefile", () => {
  const verified = "kubernetes cluster.local {\n pods verified\n }";
  for (const [corefile, ...findings] of [
    [". {\n autopath\n}", "2:2 COREFILE_ARGUMENTS"],
    [". {\n autopath .. /etc/resolv.conf\n}", "2:11 COREFILE_VALUE"],
    [". {\n autopath @etcd\n}", "2:11 COREFILE_VALUE"],
    [". {\n autopath a.org @kubernetes\n}", "2:17 COREFILE_NO_EFFECT"],
    [
      ". {\n autopath @kubernetes\n kubernetes cluster.local {\n pods insecure\n }\n}",
      "2:11 COREFILE_NO_EFFECT",
    ],
    [". {\n autopath /etc/resolv.conf {\n }\n}", "2:2 COREFILE_SYNTAX"],
    [`. {\n autopath a.org x\n autopath @kubernetes\n ${verified}\n}`, "2:2 COREFILE_NO_EFFECT"],
    [`. {\n autopath a.org b.org @kubernetes\n ${verified}\n}`],
  ] as const) {
    test(`${JSON.stringify(corefile)} has ${findings.length} findings`, () => {
      assert.deepEqual(findingsOf(corefile, plugins), findings);
    });
  }
});

test("what is tried is explained", () => {
  assert.deepEqual(explained("a.org {\n autopath x.conf\n}", [autopath]), [
    "A name below a.org. that ends in the first element of the search list in x.conf is also tried with each other element and without any; the client gets the first answer that is not a name error, behind a CNAME.",
  ]);
});
