/** Queries over HTTPS: RFC 8484, over HTTP/2 where the upstream speaks it, else HTTP/1.1. */

import type { ExchangeOptions, UpstreamTarget } from "./exchange.ts";
import { closedError, ExchangeError, exchangeErrorOf, timeoutError } from "./exchange-error.ts";
import type { HttpLink, HttpReply, HttpRequest } from "./transport-http.ts";
import { Http1Link } from "./transport-http1.ts";
import { Http2Link } from "./transport-http2.ts";
import { endOfQuestion, matchReply, restoreReply } from "./transport-reply.ts";
import { TlsConnector } from "./transport-tls.ts";

const mediaType = "application/dns-message";
const defaultPath = "/dns-query";

export class HttpsUpstream {
  readonly #target: UpstreamTarget;
  readonly #peer: string;
  readonly #options: ExchangeOptions;
  readonly #tls: TlsConnector;
  #link: HttpLink | undefined;
  #isClosed = false;

  /** Throws ExchangeError TLS when a PEM is unusable. */
  constructor(target: UpstreamTarget, peer: string, options: ExchangeOptions) {
    this.#target = target;
    this.#peer = `${peer} over HTTPS`;
    this.#options = options;
    // Where HTTP/2 is offered, HTTP/1.1 has to be too, or servers without it break off instead of choosing.
    this.#tls = new TlsConnector(target, peer, ["h2", "http/1.1"]);
  }

  async exchange(query: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (this.#isClosed) throw closedError(this.#peer);
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), timeoutMs);
    try {
      const sent = withoutId(query);
      const reply = await this.#request(this.#requestFor(sent, aborter.signal));
      return this.#accept(reply, query, sent);
    } catch (error) {
      if (aborter.signal.aborted) throw timeoutError(this.#peer, timeoutMs);
      throw exchangeErrorOf(error, this.#peer);
    } finally {
      clearTimeout(timer);
      // It may have opened a link after `close`.
      if (this.#isClosed) this.#link?.retire();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#link?.retire();
  }

  /** RFC 8484 §4.1. */
  #requestFor(sent: Buffer, signal: AbortSignal): HttpRequest {
    const { dohMethod: method = "POST", path = defaultPath } = this.#target;
    const accept = { accept: mediaType };
    if (method === "GET") {
      return {
        method,
        path: `${path}?dns=${sent.toString("base64url")}`,
        headers: accept,
        body: undefined,
        signal,
      };
    }
    const headers = { ...accept, "content-type": mediaType, "content-length": sent.length };
    return { method, path, headers, body: sent, signal };
  }

  async #request(request: HttpRequest): Promise<HttpReply> {
    const link = this.#takeLink();
    const isProven = link.isProven;
    try {
      return await link.request(request);
    } catch (error) {
      const next = this.#linkAfter(link, isProven, error);
      if (next === undefined || request.signal.aborted) throw error;
      return await next.request(request);
    }
  }

  #takeLink(): HttpLink {
    const { maxAgeMs, expireMs, onConnection } = this.#options;
    const link = this.#link;
    const isOld = link !== undefined && maxAgeMs > 0 && performance.now() - link.openedAtMs >= maxAgeMs;
    if (isOld) link.retire();
    const isReused = link?.isUsable === true;
    onConnection?.({ isReused, over: "tls" });
    if (isReused) return link;
    this.#link = new Http2Link(this.#tls, this.#peer, expireMs);
    return this.#link;
  }

  /** Where to ask again after `error`; undefined when it is final. */
  #linkAfter(link: HttpLink, wasProven: boolean, error: unknown): HttpLink | undefined {
    if (error instanceof ExchangeError) return undefined;
    if (link instanceof Http2Link && link.isHttp1Only) {
      if (this.#link === link) this.#link = new Http1Link(this.#tls, this.#peer, this.#options.expireMs);
      return this.#link;
    }
    if (!wasProven) return undefined;
    // A connection of HTTP/1.1 that has broken is forgotten by its link.
    return link instanceof Http1Link ? link : this.#takeLink();
  }

  #accept({ status, contentType, body }: HttpReply, query: Uint8Array, sent: Uint8Array): Uint8Array {
    if (status !== 200) throw new ExchangeError("HTTP", `${this.#peer} answered with status ${status}`);
    if (contentType.split(";", 1)[0]?.trim().toLowerCase() !== mediaType) {
      throw new ExchangeError("HTTP", `${this.#peer} sent "${contentType}" instead of ${mediaType}`);
    }
    const questionEnd = endOfQuestion(query);
    const match = matchReply(body, sent, questionEnd);
    if (match !== "foreign") return restoreReply(body, match, query, questionEnd);
    throw new ExchangeError("BAD_REPLY", `${this.#peer} sent a reply to another question`);
  }
}

/** RFC 8484 §4.1: the id is zero, so that caches see equal requests for equal queries. */
function withoutId(query: Uint8Array): Buffer {
  const sent = Buffer.from(query);
  sent.writeUInt16BE(0);
  return sent;
}
