/** Run inside a network namespace: an API server with one Service there, until its parent lets go of it. */

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestApiServer } from "../../support/api-server.ts";
import { endpointSlice, service } from "../../support/cluster-fixtures.ts";

export interface ApiServerOrder {
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly clusterIP: string;
  readonly endpoint: string;
}

const { nodeName, nodeAddress, clusterIP, endpoint }: ApiServerOrder = JSON.parse(process.argv[2] ?? "");
const server = await TestApiServer.start();
server.load([
  {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: nodeName },
    status: { addresses: [{ type: "InternalIP", address: nodeAddress }] },
  },
  service("default", "web", { type: "NodePort", clusterIPs: [clusterIP], ports: ["http 80"] }),
  endpointSlice("default", "web", { ports: ["http 8080"], endpoints: [endpoint] }),
]);
process.send?.(await server.writeKubeconfig(await mkdtemp(join(tmpdir(), "frontdesk-leftovers-"))));
process.on("disconnect", () => process.exit());
