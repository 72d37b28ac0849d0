/** Objects that a bench creates in a cluster, changes and removes again; all in the namespace `default`. */

import type { RawObject } from "../../support/cluster-fixtures.ts";
import type { ApiClient } from "../api-client.ts";

const services = "/api/v1/namespaces/default/services";
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

/** Different from one run to the next, should one have left something behind. */
const prefix = `frontdesk-bench-${process.pid}`;

export class BenchObjects implements AsyncDisposable {
  readonly #client: ApiClient;
  /** Paths of those that are there. */
  readonly #created = new Set<string>();
  readonly #allocatesAddresses: boolean;

  /** An API server that does not allocate cluster IPs is told which. */
  constructor(client: ApiClient, { allocatesAddresses }: { readonly allocatesAddresses: boolean }) {
    this.#client = client;
    this.#allocatesAddresses = allocatesAddresses;
  }

  /** The DNS name of one of the objects below. */
  static nameOf(id: string): string {
    return `${prefix}-${id}.default.svc.cluster.local.`;
  }

  async createService(id: string): Promise<void> {
    const clusterIP = "10.111.0.1";
    await this.#createService(
      id,
      this.#allocatesAddresses ? {} : { clusterIP, clusterIPs: [clusterIP], ipFamilies: ["IPv4"] },
    );
  }

  async createHeadless(id: string, addresses: readonly string[]): Promise<void> {
    await this.#createService(id, { clusterIP: "None", clusterIPs: ["None"], ipFamilies: ["IPv4"] });
    await this.#create(slices, slice(id, addresses));
  }

  async changeEndpoints(id: string, addresses: readonly string[]): Promise<void> {
    await this.#client.send("PUT", `${slices}/${prefix}-${id}`, slice(id, addresses));
  }

  async removeService(id: string): Promise<void> {
    await this.#remove(`${services}/${prefix}-${id}`);
  }

  async removeHeadless(id: string): Promise<void> {
    await this.removeService(id);
    await this.#remove(`${slices}/${prefix}-${id}`);
  }

  /** Removes what a bench that has failed has left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const path of this.#created) await this.#remove(path);
  }

  async #createService(id: string, spec: object): Promise<void> {
    await this.#create(services, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `${prefix}-${id}`, namespace: "default" },
      // No selector: nobody else manages endpoints for it.
      spec: { type: "ClusterIP", ports: [{ name: "http", port: 80 }], ...spec },
    });
  }

  async #create(collection: string, object: RawObject): Promise<void> {
    await this.#client.send("POST", collection, object);
    this.#created.add(`${collection}/${object.metadata.name}`);
  }

  async #remove(path: string): Promise<void> {
    this.#created.delete(path);
    await this.#client.send("DELETE", path);
  }
}

function slice(id: string, addresses: readonly string[]): RawObject {
  const labels = {
    "kubernetes.io/service-name": `${prefix}-${id}`,
    "endpointslice.kubernetes.io/managed-by": "frontdesk-bench",
  };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${prefix}-${id}`, namespace: "default", labels },
    addressType: "IPv4",
    endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  };
}
