import { once } from "node:events";
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { text } from "node:stream/consumers";
import { type ApiAccess, openAccess } from "../../src/cluster/api/kubeconfig.ts";

/** Reads and writes objects through an API server, over one kept-alive connection: one request after the other. */
export class ApiClient implements Disposable {
  readonly #access: ApiAccess;
  readonly #agent: Agent | TlsAgent;

  private constructor(access: ApiAccess) {
    this.#access = access;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = access.server.startsWith("https:") ? new TlsAgent(options) : new Agent(options);
  }

  static async open(kubeconfigFile: string): Promise<ApiClient> {
    return new ApiClient(await openAccess({ file: kubeconfigFile }));
  }

  /** Resolves with the reply's JSON when all of it is there; throws what the server says against it. */
  async send(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body: object = {}): Promise<unknown> {
    const credentials = await this.#access.credentials();
    const json = JSON.stringify(body);
    // Node gives the body of a DELETE no length by itself.
    const entity = { "content-type": "application/json", "content-length": Buffer.byteLength(json) };
    const headers = { ...credentials.headers, ...entity };
    const options = { ...credentials, method, headers, agent: this.#agent };
    const url = `${this.#access.server}${path}`;
    const start = url.startsWith("https:") ? httpsRequest : httpRequest;
    const request: ClientRequest = start(url, options);
    request.end(json);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const said = await text(response);
    if ((response.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${said}`);
    return JSON.parse(said);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
