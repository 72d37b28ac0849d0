import { once } from "node:events";
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { text } from "node:stream/consumers";
import { type ApiAccess, openAccess } from "../../src/cluster/api/kubeconfig.ts";

/** Creates objects through an API server, one kept-alive connection for all. */
export class ApiWriter {
  readonly #access: ApiAccess;
  readonly #agent: Agent | TlsAgent;

  private constructor(access: ApiAccess) {
    this.#access = access;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = access.server.startsWith("https:") ? new TlsAgent(options) : new Agent(options);
  }

  static async open(kubeconfigFile: string): Promise<ApiWriter> {
    return new ApiWriter(await openAccess({ file: kubeconfigFile }));
  }

  /** An ExternalName Service: answers need nothing but the object itself. */
  createService(namespace: string, name: string): Promise<void> {
    return this.#send("POST", `/api/v1/namespaces/${namespace}/services`, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { type: "ExternalName", externalName: "example.com" },
    });
  }

  deleteService(namespace: string, name: string): Promise<void> {
    return this.#send("DELETE", `/api/v1/namespaces/${namespace}/services/${name}`, {});
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Resolves when the whole reply is there; throws what the server says against it. */
  async #send(method: string, path: string, body: object): Promise<void> {
    const credentials = await this.#access.credentials();
    const json = JSON.stringify(body);
    // Node gives the body of a DELETE no length by itself.
    const entity = { "content-type": "application/json", "content-length": Buffer.byteLength(json) };
    const headers = { ...credentials.headers, ...entity };
    const options = { ...credentials, method, headers, agent: this.#agent };
    const url = `${this.#access.server}${path}`;
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const request: ClientRequest = send(url, options);
    request.end(json);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const said = await text(response);
    if ((response.statusCode ?? 500) >= 300) throw new Error(`${method} ${path}: ${said}`);
  }
}
