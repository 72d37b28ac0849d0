/** Two nodes, each with the real proxy, an API server, and clients everywhere. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { RawObject } from "../../support/cluster-fixtures.ts";
import { until } from "../../support/until.ts";
import type { NodeName, Place } from "./addresses.ts";
import { addressesOf, addressOf, families, nodes, pods, protocols } from "./addresses.ts";
import type { AgentOrders, HttpAnswer } from "./agent.ts";
import type { ApiServerOrders } from "./api-server-process.ts";
import { endpointPort, node, service, serviceCIDR, sliceName, slices } from "./cluster-objects.ts";
import type { Attempt, Outcome } from "./connect-once.ts";
import { buildNetworks, removeNetworks, run, within } from "./networks.ts";
import { ProxyProcess } from "./proxy-process.ts";
import { RemoteProcess } from "./remote-process.ts";

const places: readonly Place[] = [...nodes, ...pods, "outside"];
/** What a Pod serves besides, for slices whose port numbers differ. */
export const otherEndpointPorts = [8081, 8082] as const;
export const elsewherePort = 8099;

/** The Service by which is seen how far the proxies are. */
const marker = "marker";
const markerNumber = 99;
const markerEndpointPorts = otherEndpointPorts;

export class Laboratory implements AsyncDisposable {
  readonly proxies: Readonly<Record<NodeName, ProxyProcess>>;
  readonly #agents: ReadonlyMap<Place, RemoteProcess<AgentOrders>>;
  readonly #apiServer: RemoteProcess<ApiServerOrders>;
  readonly #directory: string;
  #markCount = 0;

  /** With all proxies running, with these flags besides, and everything that `objects` say in force. */
  static async open(objects: readonly RawObject[] = [], flags: readonly string[] = []): Promise<Laboratory> {
    removeNetworks();
    buildNetworks();
    const apiServer = new RemoteProcess<ApiServerOrders>(
      within("control-plane"),
      fileOf("api-server-process.ts"),
    );
    const agents = new Map(
      places.map(place => [place, new RemoteProcess<AgentOrders>(within(place), fileOf("agent.ts"))]),
    );
    const kubeconfig = await apiServer.ask("kubeconfig", controlPlane);
    const laboratory = new Laboratory(apiServer, agents, kubeconfig, flags);
    try {
      await laboratory.#begin(objects);
      return laboratory;
    } catch (error) {
      await laboratory[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(
    apiServer: RemoteProcess<ApiServerOrders>,
    agents: ReadonlyMap<Place, RemoteProcess<AgentOrders>>,
    kubeconfig: string,
    flags: readonly string[],
  ) {
    this.#apiServer = apiServer;
    this.#agents = agents;
    this.#directory = mkdtempSync(join(tmpdir(), "frontdesk-two-nodes-"));
    const kubeconfigFile = join(this.#directory, "kubeconfig.conf");
    writeFileSync(kubeconfigFile, kubeconfig);
    const proxyOn = (name: NodeName) => {
      const directory = join(this.#directory, name);
      mkdirSync(directory);
      return new ProxyProcess(name, directory, kubeconfigFile, flags);
    };
    this.proxies = { node1: proxyOn("node1"), node2: proxyOn("node2") };
  }

  /** Creates or changes objects, and waits until new connections see it on both nodes. */
  async apply(...objects: readonly RawObject[]): Promise<void> {
    await this.put(...objects);
    await this.settle();
  }

  put(...objects: readonly RawObject[]): Promise<void> {
    return this.#apiServer.ask("put", objects);
  }

  /** Addresses that a Service has from its load balancer, as `kubectl get svc` shows them. */
  loadBalancerIPs(serviceName: string): Promise<readonly string[]> {
    return this.#apiServer.ask("loadBalancerIPs", serviceName);
  }

  /** Of a Service, the EndpointSlices stay. */
  remove(kind: "Service" | "Node" | "ServiceCIDR", name: string): Promise<void> {
    return this.#apiServer.ask("remove", [{ kind, namespace: kind === "Service" ? "default" : "", name }]);
  }

  removeSlices(serviceName: string, suffix = ""): Promise<void> {
    const name = (family: IPFamily) => sliceName(serviceName, family, suffix);
    return this.#apiServer.ask(
      "remove",
      families.map(family => ({ kind: "EndpointSlice", namespace: "default", name: name(family) })),
    );
  }

  stopApiServer(): Promise<void> {
    return this.#apiServer.ask("stop", undefined);
  }

  restartApiServer(): Promise<void> {
    return this.#apiServer.ask("restart", undefined);
  }

  /**
   * Waits until all Services and EndpointSlices as they are now are in force on the nodes: a last change of each kind
   * has become visible, and changes of a kind arrive in order.
   */
  async settle(onNodes: readonly NodeName[] = nodes): Promise<void> {
    const port = 20_000 + ++this.#markCount;
    const endpointPort = markerEndpointPorts[this.#markCount % 2] ?? 0;
    const ports = [{ name: "tcp", protocol: "TCP", port, targetPort: endpointPort }];
    await this.put(
      ...slices(marker, ["pod-1a"], { ports: { tcp: endpointPort } }),
      service(marker, markerNumber, { type: "ClusterIP", spec: { externalIPs: [], ports } }),
    );
    const seen = onNodes.flatMap(name =>
      families.map(family => this.#untilMarked(name, family, port, endpointPort)),
    );
    await Promise.all(seen);
  }

  agent(place: Place): RemoteProcess<AgentOrders> {
    const agent = this.#agents.get(place);
    if (agent === undefined) throw new Error(`Nobody is at ${place}.`);
    return agent;
  }

  connect(place: Place, attempt: Attempt): Promise<Outcome> {
    return this.agent(place).ask("connect", attempt);
  }

  /** Undefined where nobody answers. */
  get(place: Place, url: string): Promise<HttpAnswer | undefined> {
    return this.agent(place).ask("get", url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(nodes.map(name => this.proxies[name].stop("SIGKILL")));
    await Promise.all([...this.#agents.values(), this.#apiServer].map(one => one.end()));
    removeNetworks();
    rmSync(this.#directory, { recursive: true });
  }

  async #begin(objects: readonly RawObject[]): Promise<void> {
    const cidrs = families.map(family => addressesOf[family].serviceNetwork);
    await this.put(...nodes.map(name => node(name)), serviceCIDR("kubernetes", cidrs), ...objects);
    for (const name of nodes) this.proxies[name].start();
    await Promise.all([this.#serve(), this.settle()]);
  }

  async #serve(): Promise<void> {
    const serve = (place: Place, address: string, port: number) =>
      protocols.map(protocol => this.agent(place).ask("serve", { protocol, address, port }));
    const all = families.flatMap(family => [
      ...[...pods, ...nodes].flatMap(place =>
        [endpointPort, ...otherEndpointPorts].flatMap(port => serve(place, addressOf(family, place), port)),
      ),
      ...serve("outside", addressesOf[family].elsewhere, elsewherePort),
    ]);
    await Promise.all(all);
  }

  async #untilMarked(name: NodeName, family: IPFamily, port: number, endpointPort: number): Promise<void> {
    const address = addressesOf[family].clusterIP(markerNumber);
    const source = addressOf(family, name);
    const attempt: Attempt = { protocol: "TCP", source, address, port, patienceMs: 300 };
    const isMarked = async () => {
      if (this.proxies[name].hasEnded) throw new Error(`The proxy on ${name} has ended.`);
      const outcome = await this.connect(name, attempt);
      return outcome.kind === "answered" && outcome.endpointPort === endpointPort;
    };
    await until(`${family} on ${name} as the API server has it`, isMarked).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.proxies[name].log.split("\n").slice(-30).join("\n")}`);
    });
  }
}

const controlPlane = addressesOf.IPv4.controlPlane;

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Deletes every rule on the node, whoever made it. */
export function flushRules(name: NodeName): void {
  run([...within(name), "nft", "flush", "ruleset"]);
}
