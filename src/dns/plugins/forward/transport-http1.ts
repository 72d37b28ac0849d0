/** HTTP/1.1 to an upstream, for those without HTTP/2: one connection for each request under way, kept for the next. */

import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { Duplex } from "node:stream";
import { type HttpLink, type HttpReply, type HttpRequest, readBody } from "./transport-http.ts";
import type { TlsConnector } from "./transport-tls.ts";

/** An upstream gone silent must not use up the descriptors of the process; more requests wait for a connection. */
const maxOpenConnections = 64;

export class Http1Link implements HttpLink {
  readonly openedAtMs = performance.now();
  readonly #tls: TlsConnector;
  readonly #peer: string;
  readonly #agent: Agent;
  #underWay = 0;
  #isProven = false;
  #isRetired = false;

  /** `expireMs`: how long a connection is kept without requests. */
  constructor(tls: TlsConnector, peer: string, expireMs: number) {
    this.#tls = tls;
    this.#peer = peer;
    this.#agent = new UpstreamAgent(tls, expireMs);
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  get isUsable(): boolean {
    return !this.#isRetired;
  }

  async request(wanted: HttpRequest): Promise<HttpReply> {
    this.#underWay++;
    try {
      const reply = await this.#exchange(wanted);
      this.#isProven = true;
      return reply;
    } finally {
      this.#underWay--;
      if (this.#isRetired) this.retire();
    }
  }

  retire(): void {
    this.#isRetired = true;
    if (this.#underWay === 0) this.#agent.destroy();
  }

  async #exchange({ method, path, headers, body, signal }: HttpRequest): Promise<HttpReply> {
    const outgoing = request({
      agent: this.#agent,
      method,
      path,
      headers: { host: this.#tls.authority, ...headers },
      signal,
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    return {
      status: response.statusCode ?? 0,
      contentType: response.headers["content-type"] ?? "",
      body: await readBody(response, this.#peer),
    };
  }
}

class UpstreamAgent extends Agent {
  readonly #tls: TlsConnector;

  constructor(tls: TlsConnector, expireMs: number) {
    super({ keepAlive: true, maxSockets: maxOpenConnections, timeout: expireMs });
    this.#tls = tls;
  }

  override createConnection(): Duplex {
    return this.#tls.open();
  }
}
