/**
 * A Kubernetes API server for tests: real HTTP on a loopback port, real list and watch semantics over a state in
 * memory, and faults on demand. It keeps its state over `stop()` and `restart()`, as etcd would. It serves the kinds
 * of `api-server/resources.ts`, for our own source as well as for client-go, kubectl and curl: in JSON, and whole lists
 * in Protocol Buffers, too; nothing validated, no admission (no ClusterIPs are allocated).
 */

import { EventEmitter, once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import type { RawObject } from "../../src/cluster/trim.ts";
import { BodyWriter, type Pacing } from "./api-server/body-writer.ts";
import { type Fault, FaultPlan, matchesRequest, playFault, type RequestMatcher } from "./api-server/fault.ts";
import { Lists } from "./api-server/list.ts";
import {
  type ApiRequest,
  describeRequest,
  discoveryDocument,
  resourceOfKind,
} from "./api-server/resources.ts";
import { parseSelector } from "./api-server/selector.ts";
import { ApiState, keyOf, objectJson } from "./api-server/state.ts";
import { StatusError, sendJson, sendStatus } from "./api-server/status.ts";
import { Watch } from "./api-server/watch.ts";
import { write } from "./api-server/write.ts";
import { makeTestCertificate, type TestCertificate } from "./test-certificate.ts";

export interface TestApiServerOptions {
  /** Serve https with a certificate of our own; plain http is the default. */
  readonly https?: boolean;
  /** Answer 401 to requests without the bearer token. Off by default, so that curl needs none. */
  readonly requiresToken?: boolean;
  /** How often a watch that allows bookmarks gets one; kube-apiserver's minute is the default. */
  readonly bookmarkIntervalMs?: number;
}

export class TestApiServer {
  /** Every request so far, in order of arrival. */
  readonly requests: ApiRequest[] = [];
  /** The bearer token of `kubeconfig()`; set it to rotate. */
  token = "test-token";
  readonly #options: TestApiServerOptions;
  readonly #certificate: TestCertificate | undefined;
  readonly #state = new ApiState();
  readonly #lists = new Lists(this.#state);
  readonly #faults = new FaultPlan();
  readonly #watches = new Set<Watch>();
  readonly #sockets = new Map<Socket, number>();
  readonly #events = new EventEmitter<{ request: [ApiRequest]; watch: [ApiRequest]; closed: [ApiRequest] }>();
  #server: Server | undefined;
  #port = 0;
  #connectionCount = 0;

  private constructor(options: TestApiServerOptions) {
    this.#options = options;
    this.#certificate =
      options.https === true ? makeTestCertificate("IP:127.0.0.1", "DNS:localhost") : undefined;
    this.#events.setMaxListeners(0);
    this.#state.onEvent(event => {
      for (const watch of this.#watches) watch.deliver(event);
    });
  }

  static async start(options: TestApiServerOptions = {}): Promise<TestApiServer> {
    const server = new TestApiServer(options);
    await server.restart();
    return server;
  }

  get url(): string {
    return `${this.#certificate === undefined ? "http" : "https"}://127.0.0.1:${this.#port}`;
  }

  /** PEM of the certificate that https clients have to trust; "" with plain http. */
  get caCertificate(): string {
    return this.#certificate?.cert ?? "";
  }

  /** TCP connections accepted so far. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** The newest resourceVersion. */
  get resourceVersion(): string {
    return String(this.#state.version);
  }

  /** YAML text with one context, `test`. */
  kubeconfig(): string {
    const ca = Buffer.from(this.caCertificate).toString("base64");
    return [
      "apiVersion: v1",
      "kind: Config",
      "current-context: test",
      `contexts: [{ name: test, context: { cluster: test, user: test } }]`,
      `users: [{ name: test, user: { token: ${this.token} } }]`,
      `clusters:`,
      `- name: test`,
      `  cluster:`,
      `    server: ${this.url}`,
      ...(ca === "" ? [] : [`    certificate-authority-data: ${ca}`]),
      "",
    ].join("\n");
  }

  /** Writes `kubeconfig()` into the directory and returns the path of the file. */
  async writeKubeconfig(directory: string): Promise<string> {
    const file = join(directory, "kubeconfig");
    await writeFile(file, this.kubeconfig());
    return file;
  }

  /** Creates or updates, tells the watchers, and returns the object as it is served. */
  put(raw: RawObject): RawObject {
    return this.#state.put(raw).raw;
  }

  load(objects: Iterable<RawObject>): void {
    for (const object of objects) this.#state.put(object);
  }

  /** `namespace` is "" for a cluster-scoped kind. Throws when there is no such object. */
  remove(kind: string, namespace: string, name: string): void {
    const resource = resourceOfKind(kind);
    this.#state.remove(resource, keyOf(resource, namespace, name));
  }

  /** Forgets the history: older resourceVersions and all continue tokens are 410 Expired from now on. */
  compact(): void {
    this.#state.compact();
    this.#lists.expireTokens();
  }

  /** Plays `fault` instead of the answer to the next `times` requests that match. Returns the way to take it back. */
  fail(matcher: RequestMatcher, fault: Fault, times = 1): () => void {
    return this.#faults.add(matcher, fault, times);
  }

  /** The open watches, or those of one resource (`services`): end, reset, stall, fail or feed them. */
  watches(resource?: string): Watch[] {
    return [...this.#watches].filter(watch => resource === undefined || watch.resource.name === resource);
  }

  /** Sends a bookmark on every watch that allows them. */
  sendBookmarks(): void {
    for (const watch of this.#watches) watch.bookmark();
  }

  /** The next request that matches, from now on. */
  nextRequest(matcher: RequestMatcher = {}): Promise<ApiRequest> {
    return this.#next("request", matcher);
  }

  /** The next watch that is established, from now on. */
  nextWatch(resource: string): Promise<ApiRequest> {
    return this.#next("watch", { resource });
  }

  /** The next request whose answer has ended or broken, from now on. */
  nextClosed(matcher: RequestMatcher = {}): Promise<ApiRequest> {
    return this.#next("closed", matcher);
  }

  /** Refuses connections and breaks those that are open. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, "close");
    server.close();
    for (const socket of this.#sockets.keys()) socket.destroy();
    await closed;
  }

  /** Listens again, on the same port. */
  async restart(): Promise<void> {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response);
    };
    const server =
      this.#certificate === undefined ? createServer(answer) : createTlsServer(this.#certificate, answer);
    server.on("connection", (socket: Socket) => this.#accept(socket));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  close(): Promise<void> {
    return this.stop();
  }

  #accept(socket: Socket): void {
    this.#sockets.set(socket, ++this.#connectionCount);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
  }

  /** A TLS socket wraps the accepted one; only the ports tell which. */
  #connectionOf(socket: Socket): number {
    for (const [accepted, number] of this.#sockets) {
      if (accepted === socket || accepted.remotePort === socket.remotePort) return number;
    }
    return 0;
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = describeRequest(incoming, this.#connectionOf(incoming.socket));
    this.requests.push(request);
    response.once("close", () => this.#events.emit("closed", request));
    response.on("error", () => {});
    this.#events.emit("request", request);
    const fault = this.#faults.take(request);
    if (fault !== undefined && fault.type !== "torn") return playFault(fault, response);
    try {
      await this.#answer(request, incoming, response, fault);
    } catch (error) {
      sendStatus(
        response,
        error instanceof StatusError ? error : new StatusError(500, "InternalError", String(error)),
      );
    }
  }

  async #answer(
    request: ApiRequest,
    incoming: IncomingMessage,
    response: ServerResponse,
    pacing: Pacing | undefined,
  ): Promise<void> {
    this.#authenticate(request);
    const { resource, verb } = request;
    if (resource === undefined || verb === undefined) return this.#answerOther(request, response);
    if (verb === "watch") return this.#watch(request, response, pacing);
    if (verb === "list") {
      const { type, body } = this.#lists.page(resource, request);
      response.writeHead(200, { "Content-Type": type });
      const writer = new BodyWriter(response, pacing);
      writer.write(body);
      return writer.end();
    }
    if (verb === "get") {
      const object = this.#state.get(resource, keyOf(resource, request.namespace, request.name));
      if (object === undefined)
        throw new StatusError(404, "NotFound", `${resource.name} "${request.name}" not found`);
      return sendJson(response, 200, objectJson(object));
    }
    const result = await write(this.#state, resource, request, incoming);
    sendJson(response, result.code, objectJson(result.object));
  }

  #answerOther(request: ApiRequest, response: ServerResponse): void {
    if (["/readyz", "/livez", "/healthz"].includes(request.path)) {
      response.writeHead(200, { "Content-Type": "text/plain" }).end("ok");
      return;
    }
    const document = discoveryDocument(request.path);
    if (document === undefined)
      throw new StatusError(404, "NotFound", "the server could not find the requested resource");
    sendJson(response, 200, document);
  }

  #watch(request: ApiRequest, response: ServerResponse, pacing: Pacing | undefined): void {
    const { query, namespace, resource } = request;
    if (resource === undefined) return;
    const bookmarkIntervalMs = this.#options.bookmarkIntervalMs ?? 60_000;
    const options = { resource, namespace, matches: parseSelector(query), query, bookmarkIntervalMs };
    const watch = new Watch(options, this.#state, response, new BodyWriter(response, pacing));
    watch.start();
    this.#watches.add(watch);
    response.once("close", () => this.#watches.delete(watch));
    this.#events.emit("watch", request);
  }

  #authenticate(request: ApiRequest): void {
    if (this.#options.requiresToken !== true) return;
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      throw new StatusError(401, "Unauthorized", "Unauthorized");
    }
  }

  #next(event: "request" | "watch" | "closed", matcher: RequestMatcher): Promise<ApiRequest> {
    return new Promise(resolve => {
      const listener = (request: ApiRequest): void => {
        if (!matchesRequest(matcher, request)) return;
        this.#events.off(event, listener);
        resolve(request);
      };
      this.#events.on(event, listener);
    });
  }
}
