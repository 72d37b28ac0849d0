/** A manifest source over real files, and a test's view of what it does. */

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { TestContext } from "node:test";
import { pino } from "pino";
import type { Finding } from "../../../src/cluster/manifest/finding.ts";
import { ManifestSource, type ManifestSourceOptions } from "../../../src/cluster/manifest/manifest-source.ts";
import { ClusterStore } from "../../../src/cluster/store.ts";
import { withoutHints } from "./control-plane/expand-yaml.ts";

/** Without endpoints, which are not what these tests are about. */
export const service = (name: string, port = 80) =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{port: ${port}}]}\n`;

export class Fixture {
  readonly store = new ClusterStore(error => {
    throw error;
  });
  readonly logLines: { readonly level: number; readonly msg: string }[] = [];
  readonly source: ManifestSource;
  readonly #events = new EventEmitter();

  constructor(t: TestContext, paths: readonly string[], options: Partial<ManifestSourceOptions> = {}) {
    const log = pino({}, { write: (line: string) => void this.logLines.push(JSON.parse(line)) });
    const onFindings = () => this.#events.emit("news");
    this.source = new ManifestSource({ paths, store: this.store, log, onFindings, ...options });
    this.store.onChange(() => this.#events.emit("news"));
    t.after(() => this.source.stop());
  }

  async start(): Promise<this> {
    await this.source.load();
    await this.source.watch();
    return this;
  }

  /** Awaits changes of the store and of the findings until it is so. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(60_000);
    while (!isSo()) {
      await once(this.#events, "news", { signal }).catch(() => assert.fail(`never: ${what}`));
    }
  }

  port(name: string): number | undefined {
    return this.store.service("default", name)?.ports[0]?.port;
  }

  codes(): Finding["code"][] {
    return withoutHints(this.source.findings()).map(({ code }) => code);
  }
}
