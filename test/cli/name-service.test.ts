/** What plugins get from the process around them, and what is counted of queries that no plugin sees. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { pino } from "pino";
import { createNameService, enabledPlugins, servedLines } from "../../src/cli/name-service.ts";
import { parseCorefile } from "../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../src/dns/corefile/plan.ts";
import { bind } from "../../src/dns/plugins/bind.ts";
import { debug } from "../../src/dns/plugins/debug.ts";
import type { Handler, PluginHost } from "../../src/dns/plugins/plugin.ts";
import { definePlugin } from "../../src/dns/plugins/plugin.ts";
import { prometheus } from "../../src/dns/plugins/prometheus.ts";
import { root } from "../../src/dns/plugins/root.ts";
import { whoami } from "../../src/dns/plugins/whoami.ts";
import type { DNSServer } from "../../src/dns/server/dns-server.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { exchangeTcp, exchangeUdp } from "../support/dns-client.ts";
import { buildQuery } from "../support/dns-client-query.ts";
import { freePort, ownAddress } from "../support/own-address.ts";

interface Rig {
  readonly server: DNSServer;
  /** Of the plugin `probe`, one for each block that names it. */
  readonly hosts: readonly PluginHost[];
  /** What the plugins log: `LEVEL PLUGIN message`. */
  readonly lines: readonly string[];
  /** Lines of the metrics page that begin with this. */
  metrics(beginning: string): Promise<readonly string[]>;
}

/** BIND stands for an address of this test's own. Plugin `probe` answers with `handle`. */
async function serve(context: TestContext, corefile: string, handle?: Handler): Promise<Rig> {
  const hosts: PluginHost[] = [];
  const lines: string[] = [];
  const probe = definePlugin<true>({
    name: "probe",
    read: () => true,
    explain: () => [],
    start(_config, host) {
      hosts.push(host);
      return handle === undefined ? {} : { handle };
    },
  });
  const metrics = new Metrics({ version: "0", revision: "" });
  const write = (text: string) => {
    const { level, plugin, msg } = JSON.parse(text) as Record<string, unknown>;
    lines.push(`${level} ${plugin} ${msg}`);
  };
  const server = createNameService({
    defaultPort: 0,
    metrics,
    log: pino({ base: null }, { write }),
    writeLogLine: () => {},
    openCluster: () => assert.fail("no plugin of these tests asks for it"),
  });
  context.after(() => server.close());
  const text = corefile.replaceAll("BIND", `bind ${ownAddress}`);
  const files = { read: () => undefined, glob: () => [] };
  const blocks = parseCorefile({ file: "/etc/coredns/Corefile", text, files, environment: {} });
  const plugins = [root, bind, debug, prometheus, probe, whoami];
  const plan = planCorefile(blocks, { plugins, others: {} });
  assert.deepEqual(plan.findings, []);
  await server.apply(plan);
  return {
    server,
    hosts,
    lines,
    metrics: async beginning =>
      (await metrics.scrape()).body.split("\n").filter(line => line.startsWith(beginning)),
  };
}

test("relative file names start from the Corefile's folder, or from root", async context => {
  const { hosts } = await serve(context, "a.org {\nBIND\nprobe\n}\nb.org {\nBIND\nroot /data\nprobe\n}");
  assert.deepEqual(
    hosts.map(({ path }) => [path("zones/a"), path("/x/y")]),
    [
      ["/etc/coredns/zones/a", "/x/y"],
      ["/data/zones/a", "/x/y"],
    ],
  );
});

test("lines of level debug are for blocks with debug, and lines are under the plugin's name", async context => {
  const { hosts, lines } = await serve(context, "a.org {\nBIND\nprobe\n}\nb.org {\nBIND\ndebug\nprobe\n}");
  for (const [index, { log }] of hosts.entries()) {
    log.debug(`debug ${index}`);
    log.info(`info ${index}`);
  }
  const fromPlugins = lines.filter(line => !line.includes("UDP listener"));
  assert.deepEqual(fromPlugins, ["30 probe info 0", "20 probe debug 1", "30 probe info 1"]);
});

test("a plugin knows the zones of its block and its own place", async context => {
  const { hosts } = await serve(context, "a.org B.org {\nBIND\nprobe\n}");
  const [host] = hosts;
  assert.deepEqual(host?.zones, [
    ["a", "org"],
    ["b", "org"],
  ]);
  assert.deepEqual([host?.at.line, host?.at.column], [3, 1]);
});

test("how UDP is read is told once, and counted for each server", async context => {
  const { lines, metrics } = await serve(context, "a.org {\nbind 127.0.0.2 127.0.0.3\nwhoami\n}");
  const kind = process.env.FRONTDESK_UDP ?? (process.platform === "linux" ? "batched" : "portable");
  const told = lines.filter(line => line.includes("UDP listener"));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", new RegExp(`^30 undefined UDP listener: ${kind}`));
  assert.deepEqual(
    await metrics("frontdesk_dns_udp_listeners{"),
    ["127.0.0.2", "127.0.0.3"].map(
      address => `frontdesk_dns_udp_listeners{server="dns://${address}:0",kind="${kind}"} 1`,
    ),
  );
});

test("enabled are plugins that see queries, in blocks with prometheus", async context => {
  const { server } = await serve(
    context,
    "a.org b.org {\nBIND\nprometheus\nroot /data\nprobe\nwhoami\n}\nc.org {\nBIND\nwhoami\n}",
  );
  const name = `dns://${ownAddress}:0`;
  assert.deepEqual(
    enabledPlugins(server).map(({ server: listener, zone, plugin }) => [listener, zone, plugin]),
    ["a.org.", "b.org."].flatMap(zone => [
      [name, zone, "prometheus"],
      [name, zone, "whoami"],
    ]),
  );
});

test("what is served is one line for each zone, transport and address, in order", async context => {
  const httpsPort = await freePort();
  const { server } = await serve(context, `b.org a.org https://a.org:${httpsPort} {\nBIND\nwhoami\n}`);
  const [port] = server.listeners.filter(({ plan }) => plan.scheme === "dns").map(one => one.port);
  assert.deepEqual(servedLines(server), [
    `a.org.:${port} on ${ownAddress}`,
    `b.org.:${port} on ${ownAddress}`,
    `https://a.org.:${httpsPort} on ${ownAddress}`,
  ]);
});

test("queries that no plugin sees are counted under the zone dropped, by transport, type and rcode", async context => {
  const { server, metrics } = await serve(context, "a.org {\nBIND\nwhoami\n}");
  const address = { host: ownAddress, port: server.listeners[0]?.port ?? 0 };
  await exchangeUdp(address, buildQuery("b.org. MX"));
  await exchangeTcp(address, buildQuery("b.org. A", { edns: { isDnssecOk: true } }));
  const labels = `server="dns://${ownAddress}:0",zone="dropped",view=""`;
  assert.deepEqual(await metrics("coredns_dns_requests_total"), [
    `coredns_dns_requests_total{${labels},proto="udp",family="1",type="MX"} 1`,
    `coredns_dns_requests_total{${labels},proto="tcp",family="1",type="A"} 1`,
  ]);
  assert.deepEqual(await metrics("coredns_dns_responses_total"), [
    `coredns_dns_responses_total{${labels},rcode="REFUSED",plugin=""} 2`,
  ]);
  assert.deepEqual(await metrics("coredns_dns_do_requests_total"), [
    `coredns_dns_do_requests_total{${labels}} 1`,
  ]);
});

test("faults while answering are counted as panics", async context => {
  const { server, metrics } = await serve(context, "a.org {\nBIND\nprobe\n}", () => {
    throw new Error("fault");
  });
  await exchangeUdp({ host: ownAddress, port: server.listeners[0]?.port ?? 0 }, buildQuery("a.org. A"));
  assert.deepEqual(await metrics("coredns_panics_total"), ["coredns_panics_total 1"]);
});

test("answers over HTTPS are counted by their status", async context => {
  const port = await freePort();
  const { metrics } = await serve(context, `https://a.org:${port} {\nBIND\nwhoami\n}`);
  const url = `http://${ownAddress}:${port}/dns-query`;
  const query = buildQuery("a.org. A").toString("base64url");
  for (const address of [`${url}?dns=${query}`, url, url]) await (await fetch(address)).arrayBuffer();
  const name = `https://${ownAddress}:${port}`;
  assert.deepEqual(await metrics("coredns_dns_https_responses_total"), [
    `coredns_dns_https_responses_total{server="${name}",status="200"} 1`,
    `coredns_dns_https_responses_total{server="${name}",status="400"} 2`,
  ]);
});
