/** Run inside a network namespace: the load balancer of one node, and a server that tells its name. */

import { once } from "node:events";
import { createServer } from "node:net";
import { pino } from "pino";
import { ApiClient } from "../../../src/cluster/api/api-client.ts";
import { ApiSource, proxySelections } from "../../../src/cluster/api/api-source.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import { untilSynced } from "../../../src/cluster/until-synced.ts";
import { parsePool } from "../../../src/proxy/load-balancer/address-ranges.ts";
import { LoadBalancerPool } from "../../../src/proxy/load-balancer/load-balancer-pool.ts";

export interface NodeOrder {
  readonly nodeName: string;
  readonly pool: string;
  /** Where the API server listens. */
  readonly socketPath: string;
}

const { nodeName, pool, socketPath } = JSON.parse(process.argv[2] ?? "{}") as NodeOrder;
const log = pino({ level: "warn" });
const access = {
  server: "http://localhost",
  credentials: async () => ({ socketPath }),
  renew: async () => {},
};
const cluster = new ClusterStore(error => log.error({ err: error }, "a listener failed"));
const source = new ApiSource({
  access,
  store: cluster,
  kinds: ["Service", "EndpointSlice", "Node"],
  selections: proxySelections(nodeName),
  log,
});
const client = new ApiClient(access);
const loadBalancer = new LoadBalancerPool({
  cluster,
  client,
  nodeName,
  pool: parsePool(pool),
  events: { report: () => {} },
  log,
});
const server = createServer(socket => {
  socket.on("error", () => {});
  socket.end(`${nodeName}\n`);
});
server.listen(80, "::");
await once(server, "listening");
source.start();
await untilSynced(cluster, ["Service", "EndpointSlice", "Node"]);
await loadBalancer.start();
process.send?.("started");
await once(process, "SIGTERM");
await Promise.all([loadBalancer.stop(), source.stop()]);
process.exit();
