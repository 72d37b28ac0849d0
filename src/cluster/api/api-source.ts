/** The cluster as an API server tells it: one reflector per kind over one pool of connections. */

import type { Logger } from "pino";
import type { ClusterObject, Kind } from "../objects.ts";
import { packSlice } from "../packed-slice.ts";
import { noLabels } from "../raw-object.ts";
import type { ClusterStore } from "../store.ts";
import { Alarm } from "./alarm.ts";
import { ApiClient, type RequestObserver } from "./api-client.ts";
import type { ApiAccess } from "./kubeconfig.ts";
import type { ReflectorStatus } from "./progress.ts";
import { Reflector, type Selection } from "./reflector.ts";
import { defaultTiming, type Timing } from "./timing.ts";

export interface ApiSourceOptions {
  /** From `openAccess`. */
  readonly access: ApiAccess;
  readonly store: ClusterStore;
  readonly kinds: readonly Kind[];
  readonly log: Logger;
  /** Kinds that are not named here are asked for whole. */
  readonly selections?: { readonly [K in Kind]?: Selection };
  /** Hears of every request, as soon as its answer begins or fails to. */
  readonly onRequest?: RequestObserver;
  readonly timing?: Partial<Timing>;
}

/** Pods that run or may come to run: what CoreDNS watches for `pods verified`. */
export const livePods: Selection = {
  fields: "status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown",
};

export interface LabelSelectors {
  /** For what DNS answers with: Services, their slices, Pods. */
  readonly labelSelector?: string | undefined;
  readonly namespaceLabelSelector?: string | undefined;
}

/**
 * What CoreDNS asks for under `labels` and `namespace_labels`, but for one thing: it selects ServiceImports by the labels
 * meant for namespaces, which they do not have. Kept is what names are made of.
 */
export function selectionsOf(selectors: LabelSelectors): NonNullable<ApiSourceOptions["selections"]> {
  const { labelSelector, namespaceLabelSelector } = selectors;
  const labelled: Selection = labelSelector === undefined ? {} : { labels: labelSelector };
  return {
    Namespace: namespaceLabelSelector === undefined ? {} : { labels: namespaceLabelSelector },
    Service: { ...labelled, keep: withoutLabels, isBinary: true },
    EndpointSlice: { ...labelled, keep: packed, isBinary: true },
    Pod: { ...labelled, ...livePods },
  };
}

/**
 * What kube-proxy asks for: Services and slices that are a proxy's matter and its own, and of nodes this one alone. Of
 * endpoints it needs no names.
 */
export function proxySelections(nodeName: string): NonNullable<ApiSourceOptions["selections"]> {
  return {
    Service: { labels: "!service.kubernetes.io/service-proxy-name", fields: "spec.clusterIP!=None" },
    EndpointSlice: { labels: "!service.kubernetes.io/headless", keep: withoutTargets },
    Node: { fields: `metadata.name=${nodeName}` },
  };
}

/** The names of Pods: a tenth of the memory that many endpoints take. */
function withoutTargets(object: ClusterObject): ClusterObject {
  if (object.kind !== "EndpointSlice") return object;
  const endpoints = object.endpoints.map(endpoint => ({ ...endpoint, hostname: "", targetRef: undefined }));
  return { ...object, endpoints };
}

/** Of a selector only that there is one. */
function withoutLabels(object: ClusterObject): ClusterObject {
  if (object.kind !== "Service") return object;
  return { ...object, labels: noLabels, selector: object.selector && noLabels };
}

function packed(object: ClusterObject): ClusterObject {
  return object.kind === "EndpointSlice" ? packSlice(object) : object;
}

/** Use once: `start`, later `stop`. */
export class ApiSource {
  readonly #client: ApiClient;
  readonly #reflectors: readonly Reflector[];
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: ApiSourceOptions) {
    const { access, store, kinds, log, selections = {}, onRequest, timing } = options;
    const client = new ApiClient(access, onRequest);
    this.#client = client;
    const alarm = new Alarm();
    const times = { ...defaultTiming, ...timing };
    this.#reflectors = kinds.map(
      kind => new Reflector(kind, client, store, log, selections[kind] ?? {}, times, alarm),
    );
  }

  /** Begins to list and watch all kinds; the store tells when they are synced. */
  start(): void {
    this.#running = Promise.all(this.#reflectors.map(reflector => reflector.run(this.#stopping.signal)));
  }

  /** Breaks off every request and resolves when no timer and no connection is left. The store keeps what it has. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#client.close();
  }

  /** How far each kind is, in the order in which the kinds were given. */
  status(): readonly ReflectorStatus[] {
    return this.#reflectors.map(reflector => reflector.status);
  }
}
