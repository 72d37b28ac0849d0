import { once } from "node:events";
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { Logger } from "pino";
import type { Protocol } from "../../cluster/objects.ts";
import { endpointKey } from "../plan/candidate-endpoints.ts";
import type { UsableEndpoint } from "../plan/service-port-plan.ts";
import type { EndpointChoice } from "./endpoint-choice.ts";
import { joinSockets, resetSocket } from "./join-sockets.ts";

/** The port on which an endpoint's port is really listened on. */
export type DialPort = (address: string, port: number, protocol: Protocol) => number;

export interface TcpRelayOptions {
  readonly chooser: EndpointChoice;
  readonly dialPort: DialPort;
  /** Every socket of every connection, for as long as it is open; whoever owns the set may destroy them. */
  readonly sockets: Set<Socket>;
  /** For each endpoint that is tried. */
  readonly connectTimeoutMs: number;
  readonly log: Logger;
}

/**
 * One TCP way in. Each connection goes to an endpoint of its own choice and stays there: neither `close` nor a
 * change of endpoints cuts it.
 */
export class TcpRelay {
  readonly #options: TcpRelayOptions;
  #server: Server | undefined;

  constructor(options: TcpRelayOptions) {
    this.#options = options;
  }

  /** Listens on an address that this relay does not listen on yet. Rejects with the system's error. */
  async open(address: string, port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.on("connection", client => this.#accept(client));
    server.listen({ host: address, port });
    await once(server, "listening");
    server.on("error", err => this.#options.log.warn({ err, address, port }, "connection not accepted"));
    this.#server = server;
  }

  /** Stops listening at once, so that the kernel refuses; connections go on. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #accept(client: Socket): void {
    this.#track(client);
    client.on("error", err => this.#options.log.debug({ err }, "client connection failed"));
    // A client that has already gone has no address any more.
    if (client.remoteAddress === undefined) resetSocket(client);
    else this.#dial(client, client.remoteAddress, new Set());
  }

  /**
   * What the client sends waits in its socket until an endpoint has accepted, so as long as one refuses or is silent
   * the next can be tried. With none left the client is reset, as if it had reached a closed port.
   */
  #dial(client: Socket, clientAddress: string, tried: Set<string>): void {
    const endpoint = this.#options.chooser.choose(clientAddress, tried);
    if (endpoint === undefined) {
      resetSocket(client);
      return;
    }
    tried.add(endpointKey(endpoint));
    const upstream = this.#connect(endpoint);
    const tryNext = (err: Error) => {
      this.#options.log.debug({ err, endpoint }, "endpoint does not accept");
      if (!client.destroyed) this.#dial(client, clientAddress, tried);
    };
    upstream.once("error", tryNext);
    upstream.once("connect", () => {
      upstream.off("error", tryNext);
      upstream.setTimeout(0);
      if (client.destroyed) upstream.destroy();
      else joinSockets(client, upstream);
    });
  }

  #connect(endpoint: UsableEndpoint): Socket {
    const { dialPort, connectTimeoutMs } = this.#options;
    const upstream = connect({
      host: endpoint.address,
      port: dialPort(endpoint.address, endpoint.port, "TCP"),
      allowHalfOpen: true,
      noDelay: true,
    });
    this.#track(upstream);
    upstream.setTimeout(connectTimeoutMs, () =>
      upstream.destroy(new Error(`no answer within ${connectTimeoutMs} ms`)),
    );
    return upstream;
  }

  #track(socket: Socket): void {
    this.#options.sockets.add(socket);
    socket.once("close", () => this.#options.sockets.delete(socket));
  }
}
