/** An API server with many Services, for benchmarks. Prints the path of its kubeconfig and runs until it is ended. */

import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestApiServer } from "../support/api-server.ts";
import { endpointSlice, namespace, service } from "../support/cluster-fixtures.ts";
import { listOnce } from "./list-once.ts";

const [serviceCount = 0, endpointCount = 0] = process.argv.slice(2).map(Number);
const namespaceCount = 10;

const server = await TestApiServer.start();
server.put(namespace("default"));
for (let n = 0; n < namespaceCount; n += 1) server.put(namespace(`ns-${n}`));
for (let n = 0; n < serviceCount; n += 1) {
  const name = `svc-${n}`;
  const home = `ns-${n % namespaceCount}`;
  // Every tenth is headless: about what real clusters have.
  const clusterIPs = [n % 10 === 9 ? "None" : addressOf(96, n)];
  server.put(service(home, name, { clusterIPs, ports: ["http 80"] }));
  const endpoints = Array.from({ length: endpointCount }, (_, place) => ({
    addresses: [addressOf(128, n * endpointCount + place)],
    podName: `${name}-${place}`,
  }));
  server.put(endpointSlice(home, name, { ports: ["http 8080"], endpoints }));
}
await listOnce(server);
const directory = await mkdtemp(join(tmpdir(), "frontdesk-bench-"));
process.stdout.write(`${await server.writeKubeconfig(directory)}\n`);
process.on("SIGTERM", () => {
  rmSync(directory, { recursive: true });
  process.exit();
});

function addressOf(first: number, number: number): string {
  return `10.${first + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}
