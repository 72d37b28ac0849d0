/** The API server's process: the tests' double, reachable for the nodes, as its parent orders. */

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { TestApiServer } from "../../support/api-server.ts";
import type { RawObject } from "../../support/cluster-fixtures.ts";
import { obey } from "./remote-process.ts";

export interface ObjectName {
  readonly kind: string;
  /** "" for a kind that is in no namespace. */
  readonly namespace: string;
  readonly name: string;
}

interface LoadBalancerStatus {
  readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] };
}

const server = await TestApiServer.start();
const inner = new URL(server.url);

// The double listens on the loopback only.
const door = createServer(client => {
  const behind = connect(Number(inner.port), inner.hostname);
  for (const [one, other] of [
    [client, behind],
    [behind, client],
  ] as const) {
    one.setNoDelay(true).on("error", () => other.destroy());
    one.on("close", () => other.destroy());
    one.pipe(other);
  }
});
door.listen(0, "0.0.0.0");
await once(door, "listening");

const orders = {
  /** The kubeconfig of somebody to whom the server's host has this address. */
  kubeconfig: (host: string): string => {
    const address = door.address();
    if (address === null || typeof address === "string") throw new Error("The door is closed.");
    return server.kubeconfig().replace(inner.host, `${host}:${address.port}`);
  },
  put: (objects: readonly RawObject[]): void => {
    for (const object of objects) server.put(object);
  },
  remove: (names: readonly ObjectName[]): void => {
    for (const { kind, namespace, name } of names) server.remove(kind, namespace, name);
  },
  loadBalancerIPs: async (serviceName: string): Promise<readonly string[]> => {
    const answer = await fetch(`${server.url}/api/v1/namespaces/default/services/${serviceName}`);
    const { status } = (await answer.json()) as { readonly status?: LoadBalancerStatus };
    return status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? [];
  },
  /** Breaks what is open and refuses what comes, until `restart`. */
  stop: (_: undefined): Promise<void> => server.stop(),
  restart: (_: undefined): Promise<void> => server.restart(),
};

export type ApiServerOrders = typeof orders;

obey(orders);
