/** The API server of the proxy's bench: makes a cluster, says where it is served, and changes it as it is told. */

import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestApiServer } from "../../support/api-server.ts";
import type { ClusterSize } from "./cluster.ts";
import { clusterObjects, probeSlice, slice } from "./cluster.ts";
import { monotonicMs } from "./monotonic-ms.ts";

/** The probe gets the endpoint of this version, after as many other Services have got another. */
export interface ChangeOrder {
  readonly probeVersion: number;
  readonly otherServices: number;
}

export interface ApiServerStarted {
  readonly kubeconfigFile: string;
}

export interface ApiServerChanged {
  /** Of `monotonicMs`, before the first event. */
  readonly changedAtMs: number;
}

const size: ClusterSize = JSON.parse(process.argv[2] ?? "");
const server = await TestApiServer.start();
server.load(clusterObjects(size));
const directory = await mkdtemp(join(tmpdir(), "frontdesk-bench-"));
const kubeconfigFile = await server.writeKubeconfig(directory);
process.send?.({ kubeconfigFile } satisfies ApiServerStarted);

process.on("message", ({ probeVersion, otherServices }: ChangeOrder) => {
  const slices = Array.from({ length: otherServices }, (_, n) => slice(n, size, probeVersion));
  slices.push(probeSlice(size, probeVersion));
  const changedAtMs = monotonicMs();
  server.load(slices);
  process.send?.({ changedAtMs } satisfies ApiServerChanged);
});
process.on("disconnect", () => {
  rmSync(directory, { recursive: true });
  process.exit();
});
