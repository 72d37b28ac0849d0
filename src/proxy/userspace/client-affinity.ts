import { LRUCache } from "lru-cache";

/** Clients remembered per Service port; beyond that the one unseen for longest is balanced anew. */
const maxRememberedClients = 16_384;

/** Which endpoint each client of one Service port met last (`sessionAffinity: ClientIP`); nothing while it is off. */
export class ClientAffinity {
  readonly #nowMs: () => number;
  #timeoutSeconds: number | undefined;
  /** Client → endpoint key. */
  #clients: LRUCache<string, string> | undefined;

  /** `nowMs` is a clock that never goes back; its zero does not matter. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Undefined switches it off. Clients are remembered on as long as the timeout stays the same. */
  setTimeout(timeoutSeconds: number | undefined): void {
    if (timeoutSeconds === this.#timeoutSeconds) return;
    this.#timeoutSeconds = timeoutSeconds;
    this.#clients = timeoutSeconds === undefined ? undefined : this.#table(timeoutSeconds);
  }

  endpointOf(client: string): string | undefined {
    return this.#clients?.get(client);
  }

  /** Starts the client's time again. */
  remember(client: string, endpoint: string): void {
    this.#clients?.set(client, endpoint);
  }

  forget(client: string): void {
    this.#clients?.delete(client);
  }

  #table(timeoutSeconds: number): LRUCache<string, string> {
    return new LRUCache({
      max: maxRememberedClients,
      ttl: timeoutSeconds * 1000,
      ttlResolution: 0,
      perf: { now: this.#nowMs },
    });
  }
}
