/** The API server of the memory's bench: makes a cluster, says where it is served, and does as it is told. */

import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TestApiServer } from "../../support/api-server.ts";
import { listOnce } from "../list-once.ts";
import { type MemoryClusterSize, memoryClusterObjects, memorySlice } from "./cluster.ts";

/** `relist`: everything has to be listed anew; done when it is. `churn`: other endpoints for so many slices. */
export type MemoryOrder =
  | { readonly order: "relist" }
  | { readonly order: "churn"; readonly perSecond: number; readonly seconds: number };

const churnStepMs = 10;

const size: MemoryClusterSize = JSON.parse(process.argv[2] ?? "");
const server = await TestApiServer.start();
server.load(memoryClusterObjects(size));
await listOnce(server);
const directory = await mkdtemp(join(tmpdir(), "frontdesk-bench-"));
process.send?.({ kubeconfigFile: await server.writeKubeconfig(directory) });

let changed = 0;
process.on("message", async (order: MemoryOrder) => {
  if (order.order === "relist") await relist();
  else await churn(order.perSecond, order.seconds);
  process.send?.({ done: order.order });
});
process.on("disconnect", () => {
  rmSync(directory, { recursive: true });
  process.exit();
});

/** 410 Gone to all who watch. Whoever watches again has listed before. */
async function relist(): Promise<void> {
  const watching = ["namespaces", "services", "endpointslices"].map(name => server.nextWatch(name));
  server.compact();
  for (const watch of server.watches()) watch.fail(410, "too old resource version");
  await Promise.all(watching);
}

/** In small steps, as many as the clock says, so that a busy machine changes nothing about the rate. */
async function churn(perSecond: number, seconds: number): Promise<void> {
  const startedAtMs = performance.now();
  for (let done = 0; done < perSecond * seconds; ) {
    const due = Math.min(perSecond * seconds, ((performance.now() - startedAtMs) / 1000) * perSecond);
    for (; done < due; done += 1, changed += 1) {
      server.put(
        memorySlice(size, (changed * 7919) % size.services, 1 + Math.floor(changed / size.services)),
      );
    }
    await delay(churnStepMs);
  }
}
