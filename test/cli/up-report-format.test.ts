import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report, ReportRow } from "../../src/cli/up-report.ts";
import { formatReport } from "../../src/cli/up-report-format.ts";

function row(fields: Partial<ReportRow>): ReportRow {
  const port = fields.port ?? 80;
  return {
    name: "web.shop.svc.cluster.local",
    type: "ClusterIP",
    address: "127.96.0.1",
    port,
    servedPort: port,
    protocol: "TCP",
    portName: "http",
    isServing: true,
    state: "2 endpoints",
    ...fields,
  };
}

function reportOf(rows: readonly ReportRow[], isEcho = true): Report {
  return {
    paths: ["shop"],
    serviceCount: 1,
    podCount: 2,
    isEcho,
    dns: { address: "127.0.0.1", port: 1053 },
    adminAddress: "127.0.0.1:8053",
    rows,
  };
}

/** The commands under "Try:", without the words they all begin with. */
function suggestions(rows: readonly ReportRow[], isEcho = true): string[] {
  const [, commands = ""] = formatReport(reportOf(rows, isEcho), "table").split("Try:\n");
  return commands
    .split("\n")
    .map(line => line.trim().replace("dig @127.0.0.1 -p 1053 ", ""))
    .filter(line => line !== "");
}

const headless = row({
  name: "db.shop.svc.cluster.local",
  type: "headless",
  address: "",
  port: 0,
  protocol: "",
});
const pod = row({
  name: "db-0.db.shop.svc.cluster.local",
  type: "Pod",
  address: "127.128.0.1",
  state: "ready",
});
const nodePort = row({ type: "NodePort", address: "127.0.0.1", port: 30080 });

test("what can be asked and reached is suggested, at the port where it is served", () => {
  const rows = [headless, pod, row({ servedPort: 10080 }), nodePort];
  assert.deepEqual(suggestions(rows), [
    "+short web.shop.svc.cluster.local",
    "SRV _http._tcp.db.shop.svc.cluster.local",
    "+short -x 127.128.0.1",
    "curl http://127.96.0.1:10080/",
    "curl http://127.0.0.1:30080/",
  ]);
});

test("a headless Service with an unnamed port is suggested by its name", () => {
  assert.deepEqual(suggestions([headless, { ...pod, portName: "" }]), [
    "+short db.shop.svc.cluster.local",
    "+short -x 127.128.0.1",
  ]);
});

test("nothing that would fail is suggested", () => {
  assert.deepEqual(suggestions([row({ isServing: false })]), ["+short web.shop.svc.cluster.local"]);
  assert.deepEqual(suggestions([row({})], false), ["+short web.shop.svc.cluster.local"]);
  assert.deepEqual(suggestions([row({ protocol: "UDP" })]), ["+short web.shop.svc.cluster.local"]);
  assert.deepEqual(
    suggestions([
      { ...headless, isServing: false },
      { ...pod, isServing: false },
    ]),
    [],
  );
});

test("a Service that serves goes before one that does not", () => {
  const idle = row({ name: "a.shop.svc.cluster.local", isServing: false });
  assert.equal(suggestions([idle, row({})])[0], "+short web.shop.svc.cluster.local");
});

test("plain is a line of five tab-separated fields for each row", () => {
  const text = formatReport(reportOf([row({}), nodePort]), "plain");
  assert.deepEqual(
    text.split("\n").map(line => line.split("\t")),
    [
      ["web.shop.svc.cluster.local", "ClusterIP", "127.96.0.1", "80/TCP http", "2 endpoints"],
      ["web.shop.svc.cluster.local", "NodePort", "127.0.0.1", "30080/TCP http", "2 endpoints"],
    ],
  );
});

test("json is the whole report", () => {
  const report = reportOf([row({})]);
  assert.deepEqual(JSON.parse(formatReport(report, "json")), report);
});

test("nothing to serve is said in so many words", () => {
  const text = formatReport({ ...reportOf([]), serviceCount: 0, podCount: 0 }, "table");
  assert.match(text, /^Frontdesk is up: 0 Services, 0 Pods; from shop\n/);
  assert.match(text, /Nothing to serve yet/);
});
