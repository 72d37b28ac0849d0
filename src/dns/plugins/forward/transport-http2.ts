/** HTTP/2 to an upstream (RFC 9113): one connection for all requests. */

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import {
  connectionLost,
  type HttpLink,
  type HttpReply,
  type HttpRequest,
  readBody,
} from "./transport-http.ts";
import type { TlsConnector } from "./transport-tls.ts";

export class Http2Link implements HttpLink {
  readonly openedAtMs = performance.now();
  readonly #peer: string;
  readonly #session: ClientHttp2Session;
  #underWay = 0;
  #isProven = false;
  #isRetired = false;
  #isHttp1Only = false;

  /** Connects at once; requests wait for it. `expireMs`: how long it is kept without any. */
  constructor(tls: TlsConnector, peer: string, expireMs: number) {
    this.#peer = peer;
    const socket = tls.open();
    socket.once("secureConnect", () => {
      if (socket.alpnProtocol === "h2") return;
      this.#isHttp1Only = true;
      this.#session.destroy(connectionLost());
    });
    const settings = { enablePush: false };
    this.#session = connect(`https://${tls.authority}`, { createConnection: () => socket, settings });
    // Each request gets the error too. Without a listener here it would end the process.
    this.#session.on("error", () => {});
    this.#session.on("goaway", () => this.retire());
    this.#session.on("close", () => this.retire());
    this.#session.setTimeout(expireMs, () => this.retire());
  }

  get isProven(): boolean {
    return this.#isProven;
  }

  get isUsable(): boolean {
    return !this.#isRetired;
  }

  /** The other side has chosen HTTP/1.1, so nothing can be sent here. */
  get isHttp1Only(): boolean {
    return this.#isHttp1Only;
  }

  async request(request: HttpRequest): Promise<HttpReply> {
    this.#underWay++;
    try {
      const reply = await this.#exchange(request);
      this.#isProven = true;
      return reply;
    } catch (error) {
      // A reply that does not come in time may be the first sign of a connection whose other end is gone.
      if (request.signal.aborted) this.#isRetired = true;
      throw error;
    } finally {
      this.#underWay--;
      if (this.#isRetired) this.retire();
    }
  }

  retire(): void {
    this.#isRetired = true;
    if (this.#underWay === 0) this.#session.destroy();
  }

  async #exchange({ method, path, headers, body, signal }: HttpRequest): Promise<HttpReply> {
    const fields = { ":method": method, ":path": path, ...headers };
    const stream = this.#session.request(fields, { signal, endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    const response = await responseOf(stream);
    const received = await readBody(stream, this.#peer);
    // A body cut short by the end of the connection ends like a whole one.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw connectionLost();
    const { ":status": status = 0, "content-type": contentType = "" } = response;
    return { status, contentType, body: received };
  }
}

function responseOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders & { ":status"?: number }> {
  return new Promise((resolve, reject) => {
    stream.on("response", resolve);
    stream.on("error", reject);
    stream.on("close", () => reject(connectionLost()));
  });
}
