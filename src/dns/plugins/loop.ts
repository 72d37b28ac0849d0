/**
 * Corefile word `loop`: finds upstreams that send queries back here, and keeps them from being asked.
 *
 * CoreDNS ends the process then, which takes the cluster's own names away with it. Here they go on.
 */

import { randomInt } from "node:crypto";
import { rcodes } from "../wire/message.ts";
import type { Name } from "../wire/name.ts";
import { isSubdomain, maxNameOctets, octetsOf } from "../wire/name.ts";
import { typeCodes } from "../wire/record.ts";
import { ExchangeError } from "./forward/exchange.ts";
import type { ForwardConfig } from "./forward/forward-config.ts";
import { ForwardLayer } from "./forward/forward-layer.ts";
import type { ForwardUpstream } from "./forward/forward-upstream.ts";
import { kubeletRemedy } from "./forward/resolv-conf.ts";
import type { Outcome } from "./outcome.ts";
import type { BlockChain, Handler, Layer, Plugin, PluginHost } from "./plugin.ts";
import { definePlugin } from "./plugin.ts";
import type { Query } from "./query.ts";
import { replyTo } from "./records-reply.ts";

export interface LoopPace {
  /** Before the first probe: listeners open when all plugins have started. */
  readonly firstMs: number;
  /** After a probe without a reply, in the beginning. */
  readonly retryMs: number;
  /** How long the beginning is. */
  readonly beginningMs: number;
  /** Later, and for upstreams that are set aside. */
  readonly againMs: number;
}

/** `pace` is what tests replace. */
export function loopAt(pace: LoopPace): Plugin {
  return definePlugin<true>({
    name: "loop",

    read(stanzas, reading, block) {
      reading.isOnce(stanzas);
      for (const stanza of stanzas) {
        reading.hasArguments(stanza, 0);
        reading.hasNoBlock(stanza);
      }
      if (!block.directives.has("forward")) {
        reading.report(
          "COREFILE_NO_EFFECT",
          stanzas[0].name.at,
          "loop watches the upstreams of forward, and this server block has none",
          "remove it",
        );
      }
      return true;
    },

    explain: () => [
      "An upstream that sends queries back here is found at the start and not asked any more; everything else goes on.",
    ],

    start: (_, host) => new LoopLayer(host, pace),
  });
}

export const loop = loopAt({ firstMs: 100, retryMs: 1_000, beginningMs: 30_000, againMs: 30_000 });

/** Probes that are remembered: far more than are under way. */
const maxProbes = 256;

class LoopLayer implements Layer {
  readonly answersAlike = true;
  readonly #host: PluginHost;
  readonly #pace: LoopPace;
  /** The second label of all probes: nobody else can guess it, and no client asks for it. */
  readonly #mark = randomLabel();
  /** By the first label. */
  readonly #probes = new Map<string, Probe>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(host: PluginHost, pace: LoopPace) {
    this.#host = host;
    this.#pace = pace;
  }

  /** A probe that comes back is answered here, so that it does not go round again. */
  handle(query: Query, next: Handler): Outcome | Promise<Outcome> {
    const [label = "", mark] = query.name;
    if (query.question.type !== typeCodes.HINFO || mark !== this.#mark) return next(query);
    query.provenance?.isForThisQueryOnly();
    const probe = this.#probes.get(label);
    if (probe !== undefined) {
      probe.cameBack = true;
      this.#setAside(probe.upstream);
    }
    return replyTo(query.message, { plugin: "loop", rcode: rcodes.NXDOMAIN, isAuthoritative: false });
  }

  connect({ members }: BlockChain): void {
    for (const { layer } of members) {
      if (!(layer instanceof ForwardLayer)) continue;
      layer.onUpstream(upstream => {
        const zone = probedZone(upstream.config, this.#host.zones);
        if (zone === undefined) return;
        const beginningEndsMs = this.#host.now() + this.#pace.beginningMs;
        this.#later(this.#pace.firstMs, () => this.#watch(upstream, zone, beginningEndsMs));
      });
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Probes until the upstream has shown that it does not lead back. */
  async #watch(upstream: ForwardUpstream, zone: Name, beginningEndsMs: number): Promise<void> {
    const finding = await this.#probe(upstream, zone);
    if (this.#isClosed || upstream.isClosed) return;
    if (finding === "leads-elsewhere") return this.#restore(upstream);
    const isBeginning = this.#host.now() < beginningEndsMs;
    const delayMs = finding === "no-reply" && isBeginning ? this.#pace.retryMs : this.#pace.againMs;
    this.#later(delayMs, () => this.#watch(upstream, zone, beginningEndsMs));
  }

  #later(delayMs: number, act: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void act();
    }, delayMs).unref();
    this.#timers.add(timer);
  }

  async #probe(upstream: ForwardUpstream, zone: Name): Promise<"leads-elsewhere" | "unclear" | "no-reply"> {
    const probe: Probe = { upstream, cameBack: false };
    const label = randomLabel();
    this.#remember(label, probe);
    try {
      const { readTimeoutMs } = upstream.config;
      const { rcode } = await upstream.ask([label, this.#mark, ...zone], typeCodes.HINFO, readTimeoutMs);
      // A server on the way may have set its own upstream aside: that is the loop, held open at another place.
      const isFailure = rcode === rcodes.SERVFAIL || rcode === rcodes.REFUSED;
      return probe.cameBack || isFailure ? "unclear" : "leads-elsewhere";
    } catch (error) {
      if (error instanceof ExchangeError) return probe.cameBack ? "unclear" : "no-reply";
      throw error;
    }
  }

  #remember(label: string, probe: Probe): void {
    this.#probes.set(label, probe);
    const [oldest] = this.#probes.keys();
    if (this.#probes.size > maxProbes && oldest !== undefined) this.#probes.delete(oldest);
  }

  #setAside(upstream: ForwardUpstream): void {
    if (upstream.setAsideBecause !== undefined) return;
    const what = `${upstream.address} (${upstream.origin}) sends queries back here: a loop`;
    upstream.setAside(what);
    this.#host.log.error(
      { upstream: upstream.address, configured: upstream.origin },
      `${what}. It is not asked any more; names of the cluster are answered as before. To end the loop, ${kubeletRemedy(upstream.target.address)}`,
    );
  }

  #restore(upstream: ForwardUpstream): void {
    if (upstream.setAsideBecause === undefined) return;
    upstream.restore();
    const fields = { upstream: upstream.address, configured: upstream.origin };
    this.#host.log.info(fields, "upstream no longer sends queries back here and is asked again");
  }
}

interface Probe {
  readonly upstream: ForwardUpstream;
  cameBack: boolean;
}

/** At most fifteen digits. */
function randomLabel(): string {
  return String(randomInt(2 ** 47));
}

const probeOctets = 2 * 16;

/** The widest zone whose names this block gives to the upstream; undefined when it gives none. */
function probedZone({ from, except }: ForwardConfig, zones: readonly Name[]): Name | undefined {
  const shared = from.flatMap(one =>
    zones.flatMap(zone => {
      if (isSubdomain(one, zone)) return [one];
      return isSubdomain(zone, one) ? [zone] : [];
    }),
  );
  return shared.find(
    zone => octetsOf(zone) + probeOctets <= maxNameOctets && !except.some(name => isSubdomain(zone, name)),
  );
}
