/**
 * HTTP to one API server over one pool of kept-alive connections.
 *
 * How a dead server is noticed: TCP keep-alive probes start after 30 s without traffic and give up 10 s later (libuv
 * sends ten, one a second), which finds dead hosts and forgotten NAT entries in 40 s. They only reach the next hop: a
 * proxy that lost its server, or a process that hangs while its kernel answers, is found by the silence limits that
 * each request sets by itself.
 */

import { on } from "node:events";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { pipeline, type Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { type ApiStatus, ApiStatusError, describeError } from "./api-error.ts";
import { binaryType, readBinaryStatus } from "./binary-list.ts";
import type { ApiAccess } from "./kubeconfig.ts";

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** One request as `coredns_kubernetes_rest_client_*` count them. */
export interface ObservedRequest {
  readonly verb: Method;
  /** Host and port as in the configured URL. */
  readonly host: string;
  /** HTTP status, or `<error>` when no answer came. */
  readonly code: string;
  /** Until the headers of the answer. */
  readonly durationSeconds: number;
}

export type RequestObserver = (request: ObservedRequest) => void;

export interface GetOptions {
  readonly signal: AbortSignal;
  /** Longest wait for credentials, then for the headers (the time to connect included), then for each next byte. */
  readonly headersSilenceMs: number;
  readonly bodySilenceMs: number;
  /** Ask for Protocol Buffers; a server that has none answers 406. */
  readonly isBinary?: boolean;
}

/** The answer to a request that succeeded. */
export interface ApiResponse {
  /** In Protocol Buffers. */
  readonly isBinary: boolean;
  /** Buffers, still to be read; what is not read to its end has to be destroyed. */
  readonly body: Readable;
}

/** What is sent with a request. */
interface Content {
  readonly type: string;
  readonly text: string;
}

const keepAlive = { keepAlive: true, keepAliveMsecs: 30_000 };
const maxStatusBytes = 64 * 1024;
/** What comes out of gzip at once. */
const unzippedBytes = 128 * 1024;

export class ApiClient {
  readonly #access: ApiAccess;
  readonly #observe: RequestObserver;
  readonly #isTls: boolean;
  readonly #host: string;
  // An agent keeps connections with different certificates apart, so new credentials need no new agent.
  readonly #agent: HttpAgent | HttpsAgent;
  #credentials: Promise<RequestOptions> | undefined;

  constructor(access: ApiAccess, observe: RequestObserver = () => {}) {
    this.#access = access;
    this.#observe = observe;
    this.#isTls = access.server.startsWith("https:");
    this.#host = /^https?:\/\/([^/]+)/.exec(access.server)?.[1] ?? "";
    this.#agent = this.#isTls ? new HttpsAgent(keepAlive) : new HttpAgent(keepAlive);
  }

  /** For messages. */
  get server(): string {
    return this.#access.server;
  }

  /**
   * GETs a path of the API. Resolves with a 200 whose body is still to be read; rejects with `ApiStatusError` for any
   * other status, or with what the network or the credentials had to say.
   */
  async get(path: string, options: GetOptions): Promise<ApiResponse> {
    const response = await this.#request("GET", path, options);
    return { isBinary: isBinary(response), body: unzipped(response) };
  }

  /** POSTs an object to its collection. Rejects as `get` does; 409 says that there is one of this name already. */
  async create(path: string, object: unknown, options: GetOptions): Promise<void> {
    const content = { type: "application/json", text: JSON.stringify(object) };
    await readBody(await this.#request("POST", path, options, content));
  }

  /**
   * Merges fields into an object (RFC 7396). Rejects as `get` does; 404 says that there is none, and 409 that it is no
   * longer of the `metadata.resourceVersion` among the fields.
   */
  async patch(path: string, fields: unknown, options: GetOptions): Promise<void> {
    const content = { type: "application/merge-patch+json", text: JSON.stringify(fields) };
    await readBody(await this.#request("PATCH", path, options, content));
  }

  /** Deletes an object. Rejects as `get` does; 404 says that there is none. */
  async delete(path: string, options: GetOptions): Promise<void> {
    await readBody(await this.#request("DELETE", path, options));
  }

  /** Breaks everything off, idle connections too. */
  close(): void {
    this.#agent.destroy();
  }

  async #request(
    method: Method,
    path: string,
    options: GetOptions,
    content?: Content,
  ): Promise<IncomingMessage> {
    const credentials = await this.#credentialsInTime(options);
    const response = await this.#send(method, path, credentials, options, content);
    if (response.statusCode === 200 || response.statusCode === 201) return response;
    const error = await readStatus(response);
    if (error.code === 401) await this.#access.renew();
    throw error;
  }

  /** Requests that start together share one run of an exec plugin; one that hangs is not waited for any longer. */
  async #credentialsInTime({ signal, headersSilenceMs }: GetOptions): Promise<RequestOptions> {
    this.#credentials ??= this.#access.credentials();
    try {
      return await inTime(this.#credentials, headersSilenceMs, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new Error(`no credentials for ${this.#host}: ${describeError(error)}`, { cause: error });
    } finally {
      this.#credentials = undefined;
    }
  }

  #send(
    method: Method,
    path: string,
    credentials: RequestOptions,
    options: GetOptions,
    content: Content | undefined,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const startedAtMs = performance.now();
    const done = (code: string): void => {
      const durationSeconds = (performance.now() - startedAtMs) / 1000;
      this.#observe({ verb: method, host: this.#host, code, durationSeconds });
    };
    const request = (this.#isTls ? httpsRequest : httpRequest)(`${this.#access.server}${path}`, {
      agent: this.#agent,
      ...credentials,
      method,
      headers: { ...trimmed(credentials.headers), ...headersOf(content, options) },
      signal: options.signal,
    });
    const silence = (silenceMs: number) => new Error(`no byte from ${this.#host} for ${silenceMs / 1000} s`);
    // A timer of our own: the request's would start only once connected, and anew after the TLS handshake.
    const headersTimer = setTimeout(
      () => request.destroy(silence(options.headersSilenceMs)),
      options.headersSilenceMs,
    );
    const failed = (error: Error): void => {
      clearTimeout(headersTimer);
      done("<error>");
      reject(error);
    };
    request.once("error", failed);
    request.once("response", response => {
      clearTimeout(headersTimer);
      // From here on whoever reads the body hears of errors.
      request.off("error", failed).on("error", () => {});
      request.setTimeout(options.bodySilenceMs, () => response.destroy(silence(options.bodySilenceMs)));
      done(String(response.statusCode));
      resolve(response);
    });
    request.end(content?.text);
    return promise;
  }
}

function headersOf(content: Content | undefined, { isBinary = false }: GetOptions): Record<string, string> {
  // Whole lists are the large answers. Other threads unzip them, and a tenth of the octets is left to receive.
  const wanted = isBinary
    ? { Accept: binaryType, "Accept-Encoding": "gzip" }
    : { Accept: "application/json" };
  const common = { ...wanted, "User-Agent": "frontdesk" };
  return content === undefined ? common : { ...common, "Content-Type": content.type };
}

/** A token file may end in a newline, which is not allowed in a header. */
function trimmed(headers: RequestOptions["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).trim()]),
  );
}

/** Settles as the promise does, unless the time is over or the signal aborts before. */
async function inTime<T>(promise: Promise<T>, limitMs: number, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: end, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer for ${limitMs / 1000} s`)), limitMs);
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

async function readStatus(response: IncomingMessage): Promise<ApiStatusError> {
  const code = response.statusCode ?? 0;
  // What the status line says counts, whatever becomes of the rest.
  const octets = await readBody(unzipped(response), maxStatusBytes).catch(() => Buffer.alloc(0));
  const text = octets.toString();
  // Whoever answers in plain text, in one line, means to be read: "Client sent an HTTP request to an HTTPS server."
  const isSentence =
    response.headers["content-type"]?.startsWith("text/plain") !== false && /^[^\n<]{1,200}\n?$/.test(text);
  const fallback = { reason: response.statusMessage ?? "", ...(isSentence ? { message: text.trim() } : {}) };
  const status = (isBinary(response) ? binaryStatus(octets) : parseStatus(text)) ?? fallback;
  const retryAfterSeconds = Number(response.headers["retry-after"] ?? "0");
  return new ApiStatusError(code, status, Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : 0);
}

/** Undefined for anything but a Status: proxies and load balancers answer in HTML. */
function parseStatus(text: string): ApiStatus | undefined {
  try {
    const body = JSON.parse(text) as (ApiStatus & { readonly kind?: string }) | null;
    return body?.kind === "Status" ? body : undefined;
  } catch {
    return undefined;
  }
}

function binaryStatus(octets: Buffer): ApiStatus | undefined {
  try {
    return readBinaryStatus(octets);
  } catch {
    return undefined;
  }
}

/** The whole body as text. */
export async function readText({ body }: ApiResponse): Promise<string> {
  return (await readBody(body)).toString();
}

/** Whether the body is in Protocol Buffers. */
function isBinary({ headers }: IncomingMessage): boolean {
  return headers["content-type"]?.startsWith(binaryType) === true;
}

/** The body as it was before it was compressed for the way. What breaks one of the two streams breaks the other. */
function unzipped(response: IncomingMessage): Readable {
  if (response.headers["content-encoding"] !== "gzip") return response;
  return pipeline(response, gathered, createGunzip({ chunkSize: unzippedBytes }), () => {});
}

/**
 * In one piece what has come in one turn of the event loop. A server that is in a hurry sends records of a kibibyte, and
 * for each piece another thread has to be woken, which takes longer than unzipping it.
 */
async function* gathered(source: Readable): AsyncGenerator<Buffer> {
  for await (const _ of on(source, "readable", { close: ["end", "close"] })) {
    await nextTurn();
    // Whoever reads more at once than the stream likes to hold makes it hold more from then on.
    const next = () =>
      source.read(Math.min(source.readableLength, source.readableHighWaterMark) || undefined);
    // At last it says that there is nothing, and asks for more.
    for (let octets = next(); octets !== null; octets = next()) yield octets;
  }
}

/** The whole body; a longer one is cut off at `maxBytes`, and its connection with it. */
export async function readBody(body: Readable, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) break;
  }
  return Buffer.concat(chunks);
}
