/** One open watch: changes of the state in, lines of JSON out. */

import type { ServerResponse } from "node:http";
import type { BodyWriter } from "./body-writer.ts";
import { breakConnection } from "./fault.ts";
import { apiVersionOf, type Resource } from "./resources.ts";
import type { Selector } from "./selector.ts";
import { type ApiState, objectJson, type StateEvent, type StoredObject } from "./state.ts";
import { statusObject } from "./status.ts";

export interface WatchOptions {
  readonly resource: Resource;
  /** "" for all namespaces. */
  readonly namespace: string;
  readonly matches: Selector;
  readonly query: URLSearchParams;
  readonly bookmarkIntervalMs: number;
}

export class Watch {
  readonly resource: Resource;
  readonly #options: WatchOptions;
  readonly #state: ApiState;
  readonly #writer: BodyWriter;
  readonly #response: ServerResponse;
  readonly #timers: NodeJS.Timeout[] = [];
  #isStalled = false;

  constructor(options: WatchOptions, state: ApiState, response: ServerResponse, writer: BodyWriter) {
    this.resource = options.resource;
    this.#options = options;
    this.#state = state;
    this.#response = response;
    this.#writer = writer;
    response.once("close", () => {
      for (const timer of this.#timers) clearTimeout(timer);
    });
  }

  /** Sends headers and what the asked resourceVersion calls for; throws 410 before any byte when it is too old. */
  start(): void {
    const { query, bookmarkIntervalMs } = this.#options;
    const version = query.get("resourceVersion") ?? "";
    const sendsInitialEvents = query.get("sendInitialEvents") === "true";
    const startsWithState = sendsInitialEvents || version === "" || version === "0";
    const missed = startsWithState ? [] : this.#state.eventsSince(this.resource, Number(version));
    this.#response.writeHead(200, { "Content-Type": "application/json" });
    this.#response.flushHeaders();
    if (startsWithState) this.#sendState();
    if (sendsInitialEvents) this.#sendBookmark({ "k8s.io/initial-events-end": "true" });
    for (const event of missed) this.deliver(event);
    const timeoutSeconds = Number(query.get("timeoutSeconds") ?? "0");
    if (timeoutSeconds > 0) this.#timers.push(setTimeout(() => this.end(), timeoutSeconds * 1000));
    this.#timers.push(setInterval(() => this.bookmark(), bookmarkIntervalMs));
  }

  /** A change that makes an object enter or leave the selection is an addition or a deletion to this watch. */
  deliver(event: StateEvent): void {
    const { resource, before, after, deleted } = event;
    if (resource !== this.resource) return;
    const wasSelected = before !== undefined && this.#selects(before);
    const isSelected = after !== undefined && this.#selects(after);
    if (isSelected) this.#send(wasSelected ? "MODIFIED" : "ADDED", objectJson(after));
    else if (wasSelected) this.#send("DELETED", objectJson(deleted ?? (after as StoredObject)));
  }

  /** Tells the current resourceVersion, if the client asked for bookmarks. */
  bookmark(): void {
    if (this.#options.query.get("allowWatchBookmarks") === "true") this.#sendBookmark(undefined);
  }

  /** An ERROR event and the end, as after a compaction. */
  fail(code: number, message: string): void {
    const reason = code === 410 ? "Expired" : "InternalError";
    this.#send("ERROR", JSON.stringify(statusObject(code, reason, message)));
    this.end();
  }

  /** Any text, sent as it is. */
  sendRaw(text: string): void {
    if (!this.#isStalled) this.#writer.write(text);
  }

  end(): void {
    this.#writer.end();
  }

  /** Nothing more, not even the end of the body. */
  reset(): void {
    breakConnection(this.#response);
  }

  /** From now on nothing is sent, and the connection stays open. */
  stall(): void {
    this.#isStalled = true;
  }

  #selects(object: StoredObject): boolean {
    const { namespace, matches } = this.#options;
    return (namespace === "" || object.namespace === namespace) && matches(object.raw);
  }

  #sendState(): void {
    const { namespace, matches } = this.#options;
    for (const object of this.#state.list(this.resource, namespace, matches)) {
      this.#send("ADDED", objectJson(object));
    }
  }

  #sendBookmark(annotations: Record<string, string> | undefined): void {
    const { kind } = this.resource;
    const metadata = { resourceVersion: String(this.#state.version), annotations };
    this.#send("BOOKMARK", JSON.stringify({ kind, apiVersion: apiVersionOf(this.resource), metadata }));
  }

  #send(type: string, objectText: string): void {
    this.sendRaw(`{"type":"${type}","object":${objectText}}\n`);
  }
}
