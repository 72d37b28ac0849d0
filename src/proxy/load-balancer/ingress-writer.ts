/** Writes the addresses of Services into their statuses, one request at a time. */

import { setTimeout as delay } from "node:timers/promises";
import type { ApiClient } from "../../cluster/api/api-client.ts";
import { ApiStatusError } from "../../cluster/api/api-error.ts";
import { objectKey } from "../../cluster/objects.ts";
import type { Assignment } from "./claimed-service.ts";
import { fieldManager } from "./claimed-service.ts";
import type { Trouble } from "./trouble.ts";

export interface IngressWriterOptions {
  readonly client: Pick<ApiClient, "patch">;
  readonly trouble: Trouble;
  readonly onWritten: (assignment: Assignment) => void;
  /** Something was not written and may be given again. */
  readonly onRetry: () => void;
}

const requestLimits = { headersSilenceMs: 5_000, bodySilenceMs: 5_000 };

/** Use once: `write` any number of times, later `stop`. */
export class IngressWriter {
  readonly #options: IngressWriterOptions;
  readonly #stopping = new AbortController();
  /** By Service, in the order in which they came. */
  readonly #waiting = new Map<string, Assignment>();
  /** Versions of Services whose successors the cluster is expected to tell of. */
  readonly #answered = new Map<string, string>();
  #running: Promise<void> | undefined;

  constructor(options: IngressWriterOptions) {
    this.#options = options;
  }

  /** All there is to write. What was given before and is not under way is forgotten. */
  write(assignments: readonly Assignment[]): void {
    const given = new Map(assignments.map(assignment => [objectKey(assignment.service), assignment]));
    for (const key of this.#answered.keys()) if (!given.has(key)) this.#answered.delete(key);
    this.#waiting.clear();
    for (const [key, assignment] of given) {
      if (this.#answered.get(key) !== assignment.service.resourceVersion) this.#waiting.set(key, assignment);
    }
    if (this.#waiting.size > 0 && !this.#stopping.signal.aborted) this.#running ??= this.#work();
  }

  /** Breaks off what is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #work(): Promise<void> {
    const { signal } = this.#stopping;
    for (let next = this.#take(); next !== undefined && !signal.aborted; next = this.#take()) {
      const pauseMs = await this.#writeOne(next);
      if (pauseMs > 0) await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
    this.#running = undefined;
  }

  #take(): Assignment | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    this.#waiting.delete(first[0]);
    return first[1];
  }

  /** Returns how long to wait before the next one. */
  async #writeOne(assignment: Assignment): Promise<number> {
    const { client, trouble, onWritten, onRetry } = this.#options;
    const { service, addresses } = assignment;
    const key = objectKey(service);
    const path = `/api/v1/namespaces/${service.namespace}/services/${service.name}/status`;
    const ingress = addresses.length === 0 ? null : addresses.map(ip => ({ ip, ipMode: "VIP" }));
    const { resourceVersion } = service;
    const fields = { metadata: { resourceVersion }, status: { loadBalancer: { ingress } } };
    const limits = { ...requestLimits, signal: this.#stopping.signal };
    this.#answered.set(key, resourceVersion);
    try {
      await client.patch(`${path}?fieldManager=${fieldManager}`, fields, limits);
    } catch (error) {
      // Somebody has changed or deleted it meanwhile, of which the cluster is about to tell.
      if (error instanceof ApiStatusError && [404, 409].includes(error.code)) return 0;
      this.#answered.delete(key);
      if (this.#stopping.signal.aborted) return 0;
      setTimeout(onRetry, 0);
      return trouble.report(error);
    }
    trouble.over();
    onWritten(assignment);
    return 0;
  }
}
