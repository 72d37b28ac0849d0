/** A server block in this process, without sockets: plugins as a Corefile names them, asked question by question. */

import assert from "node:assert/strict";
import { pino } from "pino";
import { ClusterStore } from "../../../src/cluster/store.ts";
import { parseCorefile } from "../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../src/dns/corefile/plan.ts";
import type { RunningBlock } from "../../../src/dns/plugins/block.ts";
import { startBlock } from "../../../src/dns/plugins/block.ts";
import type { Outcome } from "../../../src/dns/plugins/outcome.ts";
import type { BlockChain, Handler, Labels, Plugin, PluginHost } from "../../../src/dns/plugins/plugin.ts";
import { definePlugin } from "../../../src/dns/plugins/plugin.ts";
import type { Client, Query } from "../../../src/dns/plugins/query.ts";
import { decodeMessage } from "../../../src/dns/wire/decode.ts";
import type { Message, Question } from "../../../src/dns/wire/message.ts";
import { rcodeName } from "../../../src/dns/wire/message.ts";
import { lowerName } from "../../../src/dns/wire/name.ts";
import type { ResourceRecord } from "../../../src/dns/wire/record.ts";
import { buildQuery, type QueryOptions } from "../../support/dns-client-query.ts";
import { formatRecord } from "../../support/zone-text.ts";

export interface RigOptions {
  /** The plugins the Corefile may name, outermost first. */
  readonly plugins: readonly Plugin[];
  /** Stands behind all plugins, as an upstream would; without it nothing answers there. */
  readonly upstream?: Handler;
  readonly store?: ClusterStore;
  /** Where queries are counted; nowhere without it. */
  readonly queries?: PluginHost["queries"];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface AskOptions extends QueryOptions {
  readonly client?: Partial<Client>;
}

/** A reply in zone text, or the code of a failure. */
export interface Answer {
  readonly outcome: Outcome;
  readonly rcode: string;
  readonly answers: readonly string[];
  readonly authorities: readonly string[];
  readonly additionals: readonly string[];
}

export class Rig {
  /** Move it by hand: `rig.nowMs += 1000`. */
  nowMs = 1_000_000;
  readonly lines: string[] = [];
  /** Values of metrics: `name{label="value",…}`. Histograms count their observations. */
  readonly metrics = new Map<string, number>();
  #block: RunningBlock | undefined;

  get chain(): BlockChain {
    return this.block;
  }

  get block(): RunningBlock {
    assert.ok(this.#block, "the rig has started");
    return this.#block;
  }

  async start(corefile: string, options: RigOptions): Promise<this> {
    const { plans, findings } = planText(corefile, options);
    assert.deepEqual(findings, [], "the Corefile has no findings");
    assert.equal(plans.length, 1, "a rig has one server block");
    const [plan] = plans;
    assert.ok(plan);
    this.#block = await startBlock(plan, entry =>
      this.#host(entry.plugin.name, entry.at, plan.keys, options),
    );
    return this;
  }

  /** `ask("web.shop.svc.cluster.local. A")`; without a final dot the name is the root's anyway. */
  async ask(text: string, { client, ...options }: AskOptions = {}): Promise<Answer> {
    return answerOf(await this.chain.handle(this.query(text, { ...options, ...(client && { client }) })));
  }

  query(text: string, { client, ...options }: AskOptions = {}): Query {
    return this.#queryOf(decodeMessage(buildQuery(text, options)), { ...defaultClient, ...client }, 0);
  }

  #queryOf(message: Message, client: Client, depth: number): Query {
    const question = message.questions[0] as Question;
    return {
      ...{ message, question, client, zone: [], zoneText: ".", server: "dns://:53", metadata: undefined },
      name: lowerName(question.name),
      lookup: next => {
        assert.ok(depth < 20, "questions lead to questions without end");
        return this.chain.handle(this.#queryOf({ ...message, questions: [next] }, client, depth + 1));
      },
    };
  }

  async close(): Promise<void> {
    await this.#block?.close();
  }

  #host(
    plugin: string,
    at: PluginHost["at"],
    keys: readonly { zone: PluginHost["zones"][number] }[],
    options: RigOptions,
  ): PluginHost {
    const log = pino(
      { base: null, timestamp: false },
      { write: line => this.lines.push(`${plugin}: ${line}`) },
    );
    const count = (name: string, labels: Labels<string>, by: number) => {
      const key = metricKey(name, labels);
      this.metrics.set(key, (this.metrics.get(key) ?? 0) + by);
    };
    return {
      log,
      queries: options.queries ?? { observe: () => {}, tallyOf: () => ({ count: () => {} }) },
      writeLogLine: line => this.lines.push(line),
      at,
      zones: keys.map(({ zone }) => zone),
      path: name => name,
      now: () => this.nowMs,
      instruments: {
        counter: name => ({
          inc: (labels, by = 1) => count(name, labels, by),
          at: labels => ({ inc: () => count(name, labels, 1) }),
        }),
        gauge: name => ({
          set: (labels, value) => this.metrics.set(metricKey(name, labels), value),
          remove: labels => this.metrics.delete(metricKey(name, labels)),
        }),
        histogram: name => ({
          observe: labels => count(name, labels, 1),
          at: labels => ({ observe: () => count(name, labels, 1) }),
        }),
      },
      openCluster: async () => {
        const store = options.store ?? new ClusterStore(() => {});
        return { cluster: store, missing: () => [], synced: Promise.resolve(), close: () => {} };
      },
    };
  }
}

export function startRig(corefile: string, options: RigOptions): Promise<Rig> {
  return new Rig().start(corefile, options);
}

/** The findings about a Corefile, as `LINE:COLUMN CODE`. */
export function findingsOf(corefile: string, plugins: readonly Plugin[]): readonly string[] {
  return planText(corefile, { plugins }).findings.map(({ at, code }) => `${at.line}:${at.column} ${code}`);
}

function planText(corefile: string, { plugins, upstream, environment = {} }: RigOptions) {
  const files = { read: () => undefined, glob: () => [] };
  const blocks = parseCorefile({ file: "Corefile", text: corefile, files, environment });
  const dictionary = { plugins, others: {} };
  const { blocks: plans, findings } = planCorefile(blocks, dictionary);
  if (upstream === undefined) return { plans, findings };
  const backend = definePlugin<true>({
    name: "upstream-of-the-rig",
    asksUpstream: true,
    read: () => true,
    explain: () => [],
    start: () => ({ handle: upstream, answersAlike: true }),
  });
  const at = { file: "Corefile", line: 1, column: 1 };
  return {
    plans: plans.map(plan => ({
      ...plan,
      entries: [...plan.entries, { plugin: backend, config: true, at }],
    })),
    findings,
  };
}

export const defaultClient: Client = {
  protocol: "udp",
  family: "IPv4",
  address: "10.244.0.9",
  port: 40_000,
  serverAddress: "10.96.0.10",
  serverPort: 53,
};

function answerOf(outcome: Outcome): Answer {
  const none = { outcome, answers: [], authorities: [], additionals: [] };
  switch (outcome.kind) {
    case "reply": {
      const { rcode, answers, authorities, additionals } = outcome.message;
      const text = (records: readonly ResourceRecord[]) => records.map(formatRecord);
      return {
        outcome,
        rcode: rcodeName(rcode),
        answers: text(answers),
        authorities: text(authorities),
        additionals: text(additionals),
      };
    }
    case "failure":
      return { ...none, rcode: rcodeName(outcome.rcode) };
    default:
      return { ...none, rcode: outcome.kind };
  }
}

function metricKey(name: string, labels: Labels<string>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}
