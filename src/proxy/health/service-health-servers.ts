import type { IPFamily } from "../../cluster/objects.ts";
import { type PageServer, servePages } from "./page-server.ts";
import type { ServiceHealth } from "./service-health.ts";
import { serviceHealthPage } from "./service-health.ts";

export interface ServiceHealthServersOptions {
  readonly family: IPFamily;
  /** As node ports: on these addresses, or on all there are. */
  readonly addresses: readonly string[] | "all-local";
  readonly isProxyHealthy: () => boolean;
  /** Called for every attempt that failed; the next follows after `retryMs`, or at the next change. */
  readonly onListenFailure: (service: ServiceHealth, error: Error) => void;
  readonly retryMs?: number;
}

/** The health check ports of one family, one HTTP server per Service and address. Any path and method is answered. */
export class ServiceHealthServers {
  readonly #options: ServiceHealthServersOptions;
  #addresses: readonly string[];
  /** By `namespace/name`. */
  readonly #wanted = new Map<string, ServiceHealth>();
  readonly #open = new Map<string, Opened>();
  #isChanged = false;
  #running: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: ServiceHealthServersOptions) {
    this.#options = options;
    this.#addresses = this.#resolve(options.addresses);
  }

  /** Takes over what a Service has now. A new count is told from the next request on. */
  set(service: ServiceHealth): void {
    this.#wanted.set(keyOf(service), service);
    this.#reconcile();
  }

  /** A Service that is gone, or has no health check port any more. */
  remove(service: Pick<ServiceHealth, "namespace" | "name">): void {
    if (this.#wanted.delete(keyOf(service))) this.#reconcile();
  }

  setAddresses(addresses: readonly string[] | "all-local"): void {
    this.#addresses = this.#resolve(addresses);
    this.#reconcile();
  }

  /** Resolves when every change so far has taken effect or has been reported as a failure. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wanted.clear();
    this.#reconcile();
    await this.#running;
    clearTimeout(this.#retry);
  }

  #resolve(addresses: readonly string[] | "all-local"): readonly string[] {
    if (addresses !== "all-local") return [...addresses].sort();
    return this.#options.family === "IPv4" ? ["0.0.0.0"] : ["::"];
  }

  #reconcile(): void {
    this.#isChanged = true;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // What is changed in one go is taken up in one go.
    await Promise.resolve();
    while (this.#isChanged) {
      this.#isChanged = false;
      // First all that goes: a port may pass from one Service to another.
      for (const [key, opened] of this.#open) {
        if (!this.#isWanted(key, opened)) await this.#close(key, opened);
      }
      for (const [key, service] of this.#wanted) {
        if (!this.#open.has(key)) await this.#openOrReport(key, service);
      }
    }
    this.#running = undefined;
  }

  #isWanted(key: string, { port, addresses }: Opened): boolean {
    return this.#wanted.get(key)?.port === port && addresses.join() === this.#addresses.join();
  }

  async #close(key: string, { servers }: Opened): Promise<void> {
    this.#open.delete(key);
    await Promise.all(servers.map(server => server.close()));
  }

  async #openOrReport(key: string, service: ServiceHealth): Promise<void> {
    const addresses = this.#addresses;
    const servers: PageServer[] = [];
    try {
      for (const host of addresses) servers.push(await this.#listen(key, host, service));
      this.#open.set(key, { port: service.port, addresses, servers });
    } catch (error) {
      await Promise.all(servers.map(server => server.close()));
      this.#retryLater();
      this.#options.onListenFailure(service, error as Error);
    }
  }

  #listen(key: string, host: string, service: ServiceHealth): Promise<PageServer> {
    const pageOf = () => {
      const latest = this.#wanted.get(key) ?? { ...service, localEndpointCount: 0 };
      return serviceHealthPage(latest, this.#options.isProxyHealthy());
    };
    return servePages({ host, port: service.port, pageOf });
  }

  #retryLater(): void {
    if (this.#isClosing) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#reconcile(), this.#options.retryMs ?? defaultRetryMs).unref();
  }
}

interface Opened {
  readonly port: number;
  readonly addresses: readonly string[];
  readonly servers: readonly PageServer[];
}

const defaultRetryMs = 30_000;

function keyOf({ namespace, name }: Pick<ServiceHealth, "namespace" | "name">): string {
  return `${namespace}/${name}`;
}
