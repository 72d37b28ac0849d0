/** A test API server, a store and a source between them, with everything that happens on record. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { ApiSource, type ApiSourceOptions } from "../../../src/cluster/api/api-source.ts";
import type { ApiAccess } from "../../../src/cluster/api/kubeconfig.ts";
import type { ReflectorStatus } from "../../../src/cluster/api/progress.ts";
import type { Timing } from "../../../src/cluster/api/timing.ts";
import type { Kind } from "../../../src/cluster/objects.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import type { RawObject } from "../../../src/cluster/trim.ts";
import type { Verb } from "../../support/api-server/resources.ts";
import { TestApiServer, type TestApiServerOptions } from "../../support/api-server.ts";

export interface Rig {
  readonly server: TestApiServer;
  readonly store: ClusterStore;
  readonly source: ApiSource;
  /** `+web`, `~web`, `-web`: additions, updates and removals, in order. */
  readonly changes: string[];
  /** Back-off delays in milliseconds, in order; each lasts a millisecond only. */
  readonly delays: number[];
  /** Messages of the log, each after its level: `warn services …`. */
  readonly lines: string[];
  /** Resolves as soon as the condition holds; looks every millisecond. */
  when(condition: () => boolean): Promise<void>;
  /** Every kind is listed and its watch is open. */
  watching(): Promise<void>;
  status(kind: Kind): ReflectorStatus;
  /** Verbs of the requests so far. */
  verbs(): (Verb | undefined)[];
  /** Makes a Service on the server and waits until the store has it. */
  seesChanges(): Promise<void>;
}

export interface RigOptions {
  readonly kinds?: readonly Kind[];
  readonly objects?: Iterable<RawObject>;
  readonly server?: TestApiServerOptions;
  readonly access?: (server: TestApiServer) => Promise<ApiAccess>;
  readonly selections?: ApiSourceOptions["selections"];
  readonly onRequest?: ApiSourceOptions["onRequest"];
  readonly timing?: Partial<Timing>;
  /** What has to happen before the source starts. */
  readonly prepare?: (server: TestApiServer, store: ClusterStore) => void | Promise<void>;
}

export async function startRig(t: TestContext, options: RigOptions = {}): Promise<Rig> {
  const { kinds = ["Service"], objects = [], onRequest = () => {} } = options;
  const changes: string[] = [];
  const delays: number[] = [];
  const lines: string[] = [];
  const server = await TestApiServer.start(options.server);
  server.load(objects);
  const store = new ClusterStore(error => log.error(`listener: ${(error as Error).message}`));
  const log = pino({ base: null }, { write: line => lines.push(messageOf(line)) });
  store.onChange(({ before, after }) => {
    const sign = before === undefined ? "+" : after === undefined ? "-" : "~";
    changes.push(sign + (after ?? before)?.name);
  });
  const timing: Partial<Timing> = {
    random: () => 0,
    sleep: async (delayMs, signal) => {
      delays.push(delayMs);
      await delay(1, undefined, { signal }).catch(() => {});
    },
    ...options.timing,
  };
  const access = await (options.access ?? plainAccess)(server);
  const selections = options.selections ?? {};
  const source = new ApiSource({ access, store, kinds, log, selections, onRequest, timing });
  t.after(async () => {
    await source.stop();
    await server.close();
  });
  await options.prepare?.(server, store);
  source.start();
  const when = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await delay(1);
  };
  const status = (kind: Kind): ReflectorStatus => {
    const found = source.status().find(entry => entry.kind === kind);
    assert.ok(found);
    return found;
  };
  const watching = () => when(() => source.status().every(({ state }) => state === "watching"));
  const verbs = () => server.requests.map(request => request.verb);
  const seesChanges = async (): Promise<void> => {
    const name = `new-${changes.length}`;
    server.put(service(name));
    await when(() => store.service("shop", name) !== undefined);
  };
  return { server, store, source, changes, delays, lines, when, watching, status, verbs, seesChanges };
}

/** The log line of a first failure: reason, and what goes on meanwhile. */
export const firstWarning = /^warn services from \S+: (.*); retrying in 0\.1 s; (.*)$/;

export function service(name: string, clusterIP = "10.96.0.10"): RawObject {
  const ports = [{ port: 80, protocol: "TCP" }];
  return {
    kind: "Service",
    metadata: { name, namespace: "shop" },
    spec: { clusterIP, clusterIPs: [clusterIP], ports },
  };
}

export function services(count: number): RawObject[] {
  return Array.from({ length: count }, (_, index) => service(`web-${index}`));
}

async function plainAccess(server: TestApiServer): Promise<ApiAccess> {
  return { server: server.url, credentials: async () => ({}), renew: async () => {} };
}

function messageOf(line: string): string {
  const { level, msg } = JSON.parse(line) as { level: number; msg: string };
  return `${pino.levels.labels[level]} ${msg}`;
}
