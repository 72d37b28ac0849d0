/** New connections to Services, and what answers behind them. */

import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { endpointPort, servicePort } from "./cluster.ts";

/** Less than the second after which the kernel tries again. */
const patienceMs = 500;

/** Every endpoint: the network namespace takes the addresses of all Pods for its own. */
export async function serveEndpoints(): Promise<Server> {
  const server = createServer(socket => {
    socket.on("error", () => {});
    socket.end(socket.localAddress ?? "");
  });
  server.listen(endpointPort, "0.0.0.0");
  await once(server, "listening");
  return server;
}

/** The address of the endpoint that answers; undefined when the connection is refused, or nothing comes. */
export function connectOnce(clusterIP: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ host: clusterIP, port: servicePort });
    const end = (answer?: string) => {
      resolve(answer);
      // Nothing of the connection is left behind, in sockets or conntrack: there will be thousands.
      socket.resetAndDestroy();
    };
    socket.setTimeout(patienceMs, end);
    socket.once("data", address => end(String(address)));
    socket.once("error", () => end());
  });
}
