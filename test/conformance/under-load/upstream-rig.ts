/** Frontdesk between a cluster of one Service and two upstreams that do as they are told. */

import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, before, type TestContext } from "node:test";
import { TestApiServer } from "../../support/api-server.ts";
import { namespace, service } from "../../support/cluster-fixtures.ts";
import { exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery } from "../../support/dns-client-query.ts";
import { decodeReply, type Reply } from "../../support/dns-client-reply.ts";
import { type Subject, startSubject } from "../../support/subject.ts";
import { TestUpstream } from "../../support/test-upstream.ts";
import { Load, outcomes, type Sample } from "./load.ts";

/** How long `forward` waits for a reply. */
export const readTimeoutMs = 2_000;
/** For a machine that has other things to do. */
export const slackMs = 1_500;

/** One zone for each way to configure `forward`; `BOTH` are the two upstreams, `HOLE` takes whatever comes. */
const zones = {
  "random.test": "forward . BOTH {\n policy random\n }",
  "sequential.test": "forward . BOTH {\n policy sequential\n }",
  "in-turn.test": "forward . BOTH {\n policy round_robin\n }",
  "flood.test": "forward . HOLE",
  "limit.test": "forward . HOLE {\n max_concurrent 10\n max_connect_attempts 1\n }",
  "failover.test": "forward . BOTH {\n policy sequential\n failover SERVFAIL REFUSED\n }",
} as const;

export type Zone = keyof typeof zones;

export interface TimedReply extends Reply {
  readonly tookMs: number;
}

/** Started before the file's tests, ended after them. */
export function useUpstreams(): UpstreamRig {
  const rig = new UpstreamRig();
  before(() => rig.start());
  after(() => rig.stop());
  return rig;
}

class UpstreamRig {
  first!: TestUpstream;
  second!: TestUpstream;
  hole!: Socket;
  subject!: Subject;
  #api!: TestApiServer;
  #askedCount = 0;

  async start(): Promise<void> {
    this.#api = await TestApiServer.start();
    this.#api.load([
      namespace("shop"),
      service("shop", "web", { clusterIPs: ["10.96.0.10"], ports: ["http 80"] }),
    ]);
    this.first = await TestUpstream.start();
    this.second = await TestUpstream.start();
    this.hole = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
    this.hole.bind(0, this.first.address);
    await once(this.hole, "listening");
    const { address, port } = this.hole.address();
    const both = `${this.first.target} ${this.second.target}`;
    const blocks = Object.entries(zones).map(
      ([zone, text]) => [zone, text.replace("BOTH", both).replace("HOLE", `${address}:${port}`)] as const,
    );
    this.subject = await startSubject({
      kubeconfig: this.#api.kubeconfig(),
      corefile: at =>
        `${at.keys(".")} {
    ${at.common}
    ${at.kubernetes("cluster.local")}
    forward . ${both}
    cache 30
    loop
}
${blocks.map(([zone, text]) => `${at.keys(zone)} {\n ${at.bind}\n errors\n ${text}\n}`).join("\n")}
`,
    });
  }

  async stop(): Promise<void> {
    await this.subject?.stop();
    this.hole?.close();
    await Promise.all([this.first?.stop(), this.second?.stop(), this.#api?.close()]);
  }

  /** Asks for `count` names that nobody has asked for, all at once. */
  askNew(zone: Zone, count: number): Promise<TimedReply[]> {
    return Promise.all(Array.from({ length: count }, () => this.#ask(`n${this.#askedCount++}.${zone}. A`)));
  }

  async #ask(question: string): Promise<TimedReply> {
    const startedAtMs = performance.now();
    const query = buildQuery(question, { recursionDesired: true, edns: {} });
    const reply = decodeReply(await exchangeUdp(this.subject.server, query, 3 * readTimeoutMs));
    return { ...reply, tookMs: performance.now() - startedAtMs };
  }

  /** Names of the cluster, 500 a second. */
  async clusterLoad(context: TestContext): Promise<Load> {
    const asks = ["web.shop.svc.cluster.local. A"];
    return await this.#load(context, { asks, perSecond: 500 });
  }

  /** Names outside, none of them twice. */
  async outsideLoad(context: TestContext): Promise<Load> {
    return await this.#load(context, { asks: ["n#.outside.test. A"], perSecond: 100, patienceMs: 6_000 });
  }

  async #load(
    context: TestContext,
    options: Omit<Parameters<typeof Load.start>[0], "server">,
  ): Promise<Load> {
    const load = await Load.start({ server: this.subject.server, ...options });
    context.after(() => load.abandon());
    return load;
  }

  /** Both upstreams are as they were in the beginning. */
  async restore(): Promise<void> {
    for (const upstream of [this.first, this.second]) {
      upstream.restore();
      await upstream.restartOnSamePort();
    }
  }

  /** … and are known to be. */
  async recover(...policies: readonly Zone[]): Promise<void> {
    await this.restore();
    await Promise.all(policies.map(zone => this.#untilAsked(zone)));
  }

  async #untilAsked(zone: Zone): Promise<void> {
    const needed = zone === "sequential.test" ? [this.first] : [this.first, this.second];
    const before = needed.map(upstream => clientQueries(upstream, zone));
    do await this.askNew(zone, 20);
    while (needed.some((upstream, index) => clientQueries(upstream, zone) === before[index]));
  }
}

/** Health checks do not count. */
export function clientQueries(upstream: TestUpstream, zone: Zone): number {
  return upstream.queries.filter(({ ask }) => ask.endsWith(`.${zone}. A`)).length;
}

export function assertUnharmed(samples: readonly Sample[]): void {
  assert.deepEqual(outcomes(samples), { NOERROR: samples.length });
}
