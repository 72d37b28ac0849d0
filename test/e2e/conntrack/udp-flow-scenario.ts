/** Run inside a network namespace: plays the life of a UDP Service and prints what its clients saw, as JSON. */

import { execFile } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { promisify } from "node:util";
import { pino } from "pino";
import type { EndpointSlice, IPFamily } from "../../../src/cluster/objects.ts";
import { conntrackProgram } from "../../../src/proxy/conntrack/conntrack-program.ts";
import type { UdpCleanup } from "../../../src/proxy/conntrack/udp-cleaner.ts";
import { UdpCleaner } from "../../../src/proxy/conntrack/udp-cleaner.ts";
import { UdpFrontends } from "../../../src/proxy/conntrack/udp-frontends.ts";
import { udpServicePorts } from "../../../src/proxy/conntrack/udp-service-port.ts";
import { planService } from "../../../src/proxy/plan/plan-service.ts";
import { clusterOf, port, service, slice } from "../../proxy/cluster-fixture.ts";

const run = promisify(execFile);
const family: IPFamily = process.argv[2] === "IPv6" ? "IPv6" : "IPv4";
const isIPv6 = family === "IPv6";
const [clusterIP, node, a, b, c] = isIPv6
  ? ["fd96::a", "fd01::1", "fd00::a", "fd00::b", "fd00::c"]
  : ["10.96.0.10", "192.168.1.7", "10.244.0.1", "10.244.0.2", "10.244.0.3"];
const endpointPort = 5353;
/** How long a silence takes to be one; an answer that is due may be late on a busy machine. */
const patienceMs = { silence: 300, answer: 10_000 };

const frontends = new UdpFrontends();
const cleanups: ((cleanup: UdpCleanup) => void)[] = [];
const cleaner = new UdpCleaner({
  family,
  table: conntrackProgram(),
  frontends,
  log: pino({ base: null }, process.stderr),
  onCleaned: cleanup => cleanups.shift()?.(cleanup),
  timing: { pauseMs: 1 },
});

/** What the cluster says of the Service now; undefined: it is deleted. Returns how many entries that cost. */
async function cleanedAfter(endpoints: readonly string[] | undefined): Promise<number> {
  const web = service("web", {
    type: "NodePort",
    clusterIPs: [clusterIP],
    ipFamilies: [family],
    ports: [port("dns", 53, "UDP", 32000)],
  });
  const slices: EndpointSlice[] = [
    slice("web", endpoints ?? [], {
      addressType: family,
      ports: [{ name: "dns", protocol: "UDP", port: endpointPort }],
    }),
  ];
  const plans = planService(clusterOf(web, ...slices), web, { name: "", zone: undefined, addresses: [] });
  frontends.apply("default/web", endpoints === undefined ? [] : udpServicePorts(plans, slices));
  const cleaned = new Promise<UdpCleanup>(resolve => cleanups.push(resolve));
  cleaner.request();
  return (await cleaned).deletedCount;
}

/** Rules for both ways in that lead to one endpoint; undefined: none. */
async function translateTo(endpoint: string | undefined): Promise<void> {
  const [table, address] = isIPv6 ? ["ip6", `[${endpoint}]`] : ["ip", endpoint];
  const to = `dnat to ${address}:${endpointPort}`;
  const rules = [
    `add table ${table} scenario`,
    `delete table ${table} scenario`,
    `add table ${table} scenario`,
    `add chain ${table} scenario output { type nat hook output priority -100; }`,
    // The kernel tracks connections only while some rule has to do with them.
    `add rule ${table} scenario output ct state invalid drop`,
    `add rule ${table} scenario output ${table} daddr ${clusterIP} udp dport 53 ${to}`,
    `add rule ${table} scenario output ${table} daddr ${node} udp dport 32000 ${to}`,
  ];
  const transaction = endpoint === undefined ? rules.slice(0, 5) : rules;
  const applied = run("nft", ["-f", "-"]);
  applied.child.stdin?.end(transaction.join("\n"));
  await applied;
}

async function bind(address: string, number = 0): Promise<Socket> {
  const socket = createSocket(isIPv6 ? "udp6" : "udp4").bind(number, address);
  await once(socket, "listening");
  return socket;
}

/** Answers everything with its name. */
async function serve(name: string, address: string): Promise<Socket> {
  const socket = await bind(address, endpointPort);
  return socket.on("message", (_, { address, port }) => socket.send(name, port, address));
}

/** From the socket's one source port; who answers, if anybody does. */
async function ask(
  client: Socket,
  address: string,
  number: number,
  expected: keyof typeof patienceMs = "answer",
): Promise<string> {
  client.send("?", number, address);
  const answer = once(client, "message", { signal: AbortSignal.timeout(patienceMs[expected]) });
  return answer.then(
    ([text]) => String(text),
    () => "no answer",
  );
}

async function entriesTo(...destinations: readonly string[]): Promise<number> {
  let count = 0;
  for await (const flow of conntrackProgram().list(family, AbortSignal.timeout(5000))) {
    if (destinations.includes(`${flow.destination}:${flow.destinationPort}`)) count++;
  }
  return count;
}

await run("ip", ["link", "set", "lo", "up"]);
for (const address of [clusterIP, node, a, b, c] as string[]) {
  await run("ip", ["address", "add", address, "dev", "lo", ...(isIPv6 ? ["nodad"] : [])]);
}
const report: Record<string, unknown> = {};
const [first, second, third] = [
  await bind(node as string),
  await bind(node as string),
  await bind(node as string),
];
const inside = (expected?: "silence") => ask(first, clusterIP as string, 53, expected);
const outside = (expected?: "silence") => ask(second, node as string, 32000, expected);
const waysIn = [`${clusterIP}:53`, `${node}:32000`];
const other = await serve("c", c as string);

const serverA = await serve("a", a as string);
await translateTo(a);
await cleanedAfter([a as string]);
report["first endpoint"] = [await inside(), await outside()];
await ask(third, c as string, endpointPort);

serverA.close();
const serverB = await serve("b", b as string);
await translateTo(b);
report["endpoint replaced, not cleaned"] = [await inside("silence"), await outside("silence")];
report["entries deleted for it"] = await cleanedAfter([b as string]);
report["endpoint replaced, cleaned"] = [await inside(), await outside()];
report["flow to nobody's Service"] = await ask(third, c as string, endpointPort);
report["entries of that flow"] = await entriesTo(`${c}:${endpointPort}`);

await translateTo(undefined);
report["scaled to zero"] = await cleanedAfter([]);
report["entries left after scaling to zero"] = await entriesTo(...waysIn);

// Without a rule the packet ends where it was sent to, and its flow is tracked as leading there.
const sink = await bind(clusterIP as string, 53);
await inside("silence");
sink.close();
await translateTo(b);
report["never translated, endpoint came, not cleaned"] = await inside("silence");
await cleanedAfter([b as string]);
report["never translated, endpoint came, cleaned"] = await inside();

report["Service deleted"] = await cleanedAfter(undefined);
report["entries left after deletion"] = await entriesTo(...waysIn);

for (const socket of [first, second, third, other, serverB]) socket.close();
await cleaner.close();
process.stdout.write(JSON.stringify(report));
