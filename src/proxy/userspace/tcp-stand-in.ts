import { once } from "node:events";
import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpServer } from "node:http";
import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { looksLikeHttp } from "./looks-like-http.ts";

/** The Pod port for which a stand-in answers. */
export interface StandInFor {
  readonly namespace: string;
  readonly podName: string;
  readonly address: string;
  /** The Pod's own port, which is not always the one listened on. */
  readonly port: number;
}

/**
 * Stands in for a Pod on one TCP port. HTTP/1.x requests get a reply that says who answered; to anything else it
 * sends a line with the Pod's name and then every byte back.
 */
export class TcpStandIn {
  readonly #pod: StandInFor;
  readonly #http: HttpServer;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(pod: StandInFor) {
    this.#pod = pod;
    this.#http = createHttpServer((request, response) => {
      // The reply follows the whole request, so that a client that sends all before it reads is never reset.
      request.resume().once("end", () => this.#reply(request, response));
    });
  }

  /** Rejects with the system's error. */
  async open(address: string, port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => this.#accept(socket));
    server.listen({ host: address, port });
    await once(server, "listening");
    // A connection that cannot be accepted, for want of file descriptors, is the client's loss alone.
    server.on("error", () => {});
    this.#server = server;
  }

  /** Ends connections too, as the end of a Pod would. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // A client that resets is gone, and nothing is left to do about it.
    socket.on("error", () => socket.destroy());

    let received = Buffer.alloc(0);
    const settle = (): void => {
      socket.off("data", receive).off("end", settle);
      if (looksLikeHttp(received) === true) this.#serveHttp(socket, received);
      else this.#echo(socket, received);
    };
    const receive = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      if (looksLikeHttp(received) !== undefined) settle();
    };
    socket.on("data", receive).on("end", settle);
  }

  /** Hands the connection, with what was read of it put back, to Node's HTTP server. */
  #serveHttp(socket: Socket, received: Buffer): void {
    socket.pause();
    socket.unshift(received);
    this.#http.emit("connection", socket);
    socket.resume();
  }

  #echo(socket: Socket, received: Buffer): void {
    socket.write(`${this.#pod.podName}\n`);
    socket.write(received);
    socket.pipe(socket);
  }

  #reply(request: IncomingMessage, response: ServerResponse): void {
    const { namespace, podName, address, port } = this.#pod;
    const body = [
      `pod:       ${podName}`,
      `namespace: ${namespace}`,
      `address:   ${address}:${port}`,
      `request:   ${request.method} ${request.url}`,
      `client:    ${request.socket.remoteAddress}:${request.socket.remotePort}`,
      "",
    ].join("\n");
    response.writeHead(200, {
      "content-type": "text/plain; charset=utf-8",
      "content-length": Buffer.byteLength(body),
      "x-frontdesk-pod": podName,
    });
    response.end(body);
  }
}
