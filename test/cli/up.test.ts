import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Report, ReportRow } from "../../src/cli/up-report.ts";
import { Command } from "../support/command.ts";
import { exchangeUdp } from "../support/dns-client.ts";
import { buildQuery } from "../support/dns-client-query.ts";
import { decodeReply, type Reply } from "../support/dns-client-reply.ts";
import { freePort, ownAddress } from "../support/own-address.ts";
import { replaceFile } from "../support/replace-file.ts";
import { until } from "../support/until.ts";

// A namespace of its own gives this run addresses of its own, whoever else runs on this machine.
const namespace = `shop-${process.pid}`;
const domain = `${namespace}.svc.cluster.local.`;
const text = { web: webManifest(2), db: dbManifest() };

let folder: string;
let up: Command;
let report: Report;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "frontdesk-up-"));
  await Promise.all(Object.entries(text).map(([name, yaml]) => writeManifest(name, yaml)));
  up = Command.start("up", "--echo", "--dns.port=0", "--admin=127.0.0.1:0", "-o=json", folder);
  report = await up.until(({ stdout }) => (stdout.endsWith("}\n") ? JSON.parse(stdout) : undefined));
});

after(async () => {
  await up.stop();
  await rm(folder, { recursive: true });
});

test("the report names each Service and Pod, and DNS says the same", async () => {
  assert.deepEqual([report.serviceCount, report.podCount, report.isEcho], [3, 5, true]);
  for (const row of report.rows.filter(({ type }) => type === "ClusterIP" || type === "Pod")) {
    assert.deepEqual((await ask(`${row.name}. A`)).answer, [`${row.name}. 5 IN A ${row.address}`]);
  }
  const alias = await ask(`pay.${domain} CNAME`);
  assert.deepEqual(alias.answer, [`pay.${domain} 5 IN CNAME api.pay.example.com.`]);
});

test("a headless Service answers SRV records with glue, and its Pods' addresses their names", async () => {
  const reply = await ask(`_http._tcp.db.${domain} SRV`);
  assert.deepEqual(
    [...reply.answer].sort(),
    [0, 1, 2].map(n => `_http._tcp.db.${domain} 5 IN SRV 0 33 8080 db-${n}.db.${domain}`),
  );
  assert.equal(reply.additional.length, 3);
  const { address } = rowOf(`db-1.db.${domain}`, "Pod");
  const reverse = `${address.split(".").reverse().join(".")}.in-addr.arpa.`;
  assert.deepEqual((await ask(`${reverse} PTR`)).answer, [`${reverse} 5 IN PTR db-1.db.${domain}`]);
});

test("the cluster IP and the node port both lead to both Pods' stand-ins", async () => {
  for (const type of ["ClusterIP", "NodePort"] as const) {
    const { address, servedPort } = rowOf(`web.${domain}`, type);
    const pods = new Set<string | null>();
    for (let tries = 0; tries < 60 && pods.size < 2; tries += 1) {
      pods.add(await podBehind(address, servedPort));
    }
    assert.equal(pods.size, 2, type);
  }
});

test("scaling a Deployment in its file is answered and connected", async () => {
  await writeManifest("web", webManifest(3));
  const { address, servedPort } = rowOf(`web.${domain}`, "ClusterIP");
  const pods = new Set<string | null>();
  await until("three Pods answer", async () => pods.add(await podBehind(address, servedPort)).size === 3);
  await writeManifest("web", webManifest(0));
  await until("nobody answers", () => isRefused(address, servedPort));
});

test("what is new, different or gone is told as in the report, with how to reach it", async () => {
  await writeManifest("late", webManifest(1).replaceAll("web", "late").replaceAll("pay", "late-pay"));
  const added = new RegExp(
    `late\\.${namespace}\\.svc\\.cluster\\.local  ClusterIP  127\\.\\S+  18080/TCP http  1 endpoint`,
  );
  await up.until(({ stderr }) => (added.test(stderr) ? true : undefined));
  await rm(join(folder, "late.yaml"));
  const gone = new RegExp(`late\\.${namespace}\\.svc\\.cluster\\.local  ClusterIP  .*  gone`);
  await up.until(({ stderr }) => (gone.test(stderr) ? true : undefined));
});

test("a reader of the report that goes away does not end it", async () => {
  const own = await mkdtemp(join(tmpdir(), "frontdesk-up-"));
  await writeFile(join(own, "web.yaml"), webManifest(1).replaceAll(namespace, `${namespace}-pipe`));
  const server = { host: ownAddress, port: await freePort() };
  const where = [`--listen=${server.host}`, `--dns.port=${server.port}`, "--admin=127.0.0.1:0"];
  await using other = Command.start("up", ...where, own);
  other.process.stdout?.destroy();
  const answerCount = async (name: string) => {
    const query = buildQuery(`${name}.${namespace}-pipe.svc.cluster.local. A`);
    const reply = await exchangeUdp(server, query).catch(() => undefined);
    return reply === undefined ? 0 : decodeReply(reply).answer.length;
  };
  await until("it answers", async () => (await answerCount("web")) === 1);
  // The report is written when everything is in place, a moment after the first answers.
  await writeFile(join(own, "late.yaml"), dbManifest().replaceAll(namespace, `${namespace}-pipe`));
  await until("it reads the new file", async () => (await answerCount("db")) === 3);
  for (let turn = 0; turn < 20; turn += 1) assert.equal(await answerCount("web"), 1);
  assert.equal((await other.stop()).code, 0);
  await rm(own, { recursive: true });
});

test("a file that no longer parses keeps what it said before and is named with line and column", async () => {
  await writeManifest("db", `${text.db}\n---\nkind: [`);
  const place = new RegExp(`${join(folder, "db.yaml")}:\\d+:\\d+: `);
  await up.until(({ stderr }) => (place.test(stderr) ? true : undefined));
  assert.equal((await ask(`db.${domain} A`)).answer.length, 3);
});

test("ready, health and metrics are where the report says", async () => {
  const page = async (path: string) => (await fetch(`http://${report.adminAddress}${path}`)).text();
  assert.equal(await page("/ready"), "OK\n");
  assert.equal(await page("/health"), "OK\n");
  const zone = 'zone="cluster.local.",view="",proto="udp",family="1",type="SRV"';
  assert.match(await page("/metrics"), new RegExp(`coredns_dns_requests_total\\{.*${zone}\\} [1-9]`));
});

test("Ctrl-C ends it at once with exit code 0, connections open or not", async () => {
  const own = await mkdtemp(join(tmpdir(), "frontdesk-up-"));
  await writeFile(join(own, "web.yaml"), webManifest(1).replaceAll(namespace, `${namespace}-end`));
  await using other = Command.start("up", "--echo", "--dns.port=0", "--admin=127.0.0.1:0", own);
  await other.until(({ stdout }) => (stdout.includes("Try:") ? true : undefined));
  const { code } = await other.stop("SIGINT");
  assert.equal(code, 0);
  assert.match(other.stdout, /^Frontdesk is up: 2 Services, 1 Pod, /);
  await rm(own, { recursive: true });
});

test("a port that is taken ends it with one message and exit code 1", async () => {
  const { code, stderr } = await Command.run(
    "up",
    `--dns.port=${report.dns.port}`,
    "--admin=127.0.0.1:0",
    folder,
  );
  assert.equal(code, 1);
  assert.match(
    stderr,
    /frontdesk: cannot listen for DNS on 127\.0\.0\.1 port \d+: something else does\n {2}what to do: /,
  );
});

async function ask(question: string): Promise<Reply> {
  const { address: host, port } = report.dns;
  return decodeReply(await exchangeUdp({ host, port }, buildQuery(question, { edns: {} })));
}

function rowOf(name: string, type: ReportRow["type"]): ReportRow {
  const row = report.rows.find(candidate => `${candidate.name}.` === name && candidate.type === type);
  assert.ok(row, `${type} ${name}`);
  return row;
}

async function podBehind(address: string, port: number): Promise<string | null> {
  const response = await fetch(`http://${address}:${port}/`, { headers: { connection: "close" } });
  await response.text();
  return response.headers.get("x-frontdesk-pod");
}

async function isRefused(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect");
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

function writeManifest(name: string, yaml: string): Promise<void> {
  return replaceFile(join(folder, `${name}.yaml`), yaml);
}

function webManifest(replicas: number): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: ${namespace}}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{name: http, port: 18080, targetPort: http}]
---
apiVersion: v1
kind: Service
metadata: {name: pay, namespace: ${namespace}}
spec: {type: ExternalName, externalName: api.pay.example.com}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${namespace}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: web, ports: [{name: http, containerPort: 8080}]}]
`;
}

function dbManifest(): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: db, namespace: ${namespace}}
spec:
  clusterIP: None
  selector: {app: db}
  ports: [{name: http, port: 8080}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: ${namespace}}
spec:
  serviceName: db
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: db, ports: [{containerPort: 8080}]}]
`;
}
