/** Corefile word `forward`: names that others know are asked of them. */

import { networkInterfaces } from "node:os";
import type { BlockContext } from "../../corefile/plan.ts";
import { schemePorts } from "../../corefile/server-key.ts";
import { formatName } from "../../wire/name.ts";
import type { Plugin, PluginHost } from "../plugin.ts";
import { definePlugin } from "../plugin.ts";
import { rereadFile } from "../reread-file.ts";
import { formatEndpoint } from "./destination.ts";
import { openUpstream } from "./exchange.ts";
import { reportIdleParts } from "./forward-checks.ts";
import type { ForwardConfig } from "./forward-config.ts";
import { readForward } from "./forward-config.ts";
import { ForwardLayer } from "./forward-layer.ts";
import { forwardMetrics } from "./forward-metrics.ts";
import { Forwarder } from "./forwarder.ts";
import { isSystemdStub, kubeletRemedy } from "./resolv-conf.ts";
import type { Target } from "./targets.ts";
import { findTargets } from "./targets.ts";

/** All stanzas of a block. */
interface ForwardBlockConfig {
  readonly stanzas: readonly ForwardConfig[];
  readonly listening: Listening;
}

/** Where the block takes queries, as far as the Corefile says. */
interface Listening {
  readonly ports: readonly number[];
  /** What `bind` names; none: all addresses of the machine. */
  readonly addresses: readonly string[];
}

/** How often files with name servers are looked at. */
const fileIntervalMs = 2_000;

/** `open` is what tests replace. */
export function forwardOver(open: typeof openUpstream): Plugin {
  return definePlugin<ForwardBlockConfig>({
    name: "forward",
    asksUpstream: true,

    read(stanzas, reading, block) {
      const read = stanzas.flatMap(stanza => {
        const config = readForward(stanza, reading);
        return config === undefined ? [] : [{ stanza, config }];
      });
      reportIdleParts(read, block, reading);
      return { stanzas: read.map(({ config }) => config), listening: listeningOf(block) };
    },

    explain: ({ stanzas }) => stanzas.map(explainStanza),

    start: (config, host) => startForward(config, host, open),
  });
}

export const forward = forwardOver(openUpstream);

function explainStanza({ from, destinations, except, policy }: ForwardConfig): string {
  const names = from.map(formatName).join(", ");
  const to = destinations.map(({ isAddress, host, port, transport, path }) => {
    if (!isAddress) return path.includes("/") ? `the name servers of ${path}` : path;
    return (transport === "dns" ? "" : `${transport}://`) + formatEndpoint(host, port);
  });
  const order = {
    random: "chosen at random",
    round_robin: "each in turn",
    sequential: "the first that answers",
  }[policy];
  const choice = to.length > 1 || destinations.some(({ isAddress }) => !isAddress) ? `, ${order}` : "";
  const exempt = except.length === 0 ? "" : `, except those in ${except.map(formatName).join(", ")}`;
  return `Forwards names in ${names}${exempt} to ${to.join(", ")}${choice}.`;
}

function listeningOf({ keys, directives }: BlockContext): Listening {
  return {
    ports: keys.map(({ scheme, port }) => port ?? schemePorts[scheme]),
    addresses: (directives.get("bind") ?? []).flatMap(({ args }) => args.map(({ text }) => text)),
  };
}

async function startForward(
  { stanzas, listening }: ForwardBlockConfig,
  host: PluginHost,
  open: typeof openUpstream,
): Promise<ForwardLayer> {
  const { log } = host;
  const surroundings = { open, log, metrics: forwardMetrics(host.instruments), now: () => host.now() };
  const found = await Promise.all(stanzas.map(config => findTargets(config, host)));
  const forwarders = stanzas.map(config => new Forwarder(config, surroundings));
  const layer = new ForwardLayer(forwarders);
  for (const [index, forwarder] of forwarders.entries()) {
    const { targets = [], files = [] } = found[index] ?? {};
    layer.useTargets(forwarder, targets);
    warnOfOwnAddresses(targets, forwarder.config, listening, host);
    for (const file of files) await followFile(file, forwarder, layer, host);
  }
  return layer;
}

/** Name servers that lead back here, or to a stub that only the node can reach: the commonest mistake of newcomers. */
function warnOfOwnAddresses(
  targets: readonly Target[],
  { at }: ForwardConfig,
  listening: Listening,
  { log }: PluginHost,
): void {
  const local = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
  const own = listening.addresses.length > 0 ? listening.addresses : local.map(({ address }) => address);
  for (const { address, port, file } of targets) {
    const isOwn = own.includes(address) && listening.ports.includes(port);
    if (!isOwn && !isSystemdStub(address)) continue;
    const fields = { upstream: formatEndpoint(address, port), file, configured: `${at.file}:${at.line}` };
    const what = isOwn ? "is an address of this server itself" : "answers on the node only, not in Pods";
    log.warn(fields, `an upstream of forward ${what}: ${kubeletRemedy(address)}`);
  }
}

/** The file's name servers may change while the server runs; CoreDNS would have to be started again. */
async function followFile(
  path: string,
  forwarder: Forwarder,
  layer: ForwardLayer,
  host: PluginHost,
): Promise<void> {
  let isFirst = true;
  const update = async () => {
    try {
      const { targets } = await findTargets(forwarder.config, host);
      layer.useTargets(forwarder, targets);
      const upstreams = forwarder.upstreams.map(({ address }) => address);
      host.log.info({ file: path, upstreams }, "name servers were read again");
    } catch (error) {
      host.log.warn({ err: error, file: path }, "name servers cannot be read again; the known ones stay");
    }
  };
  const following = await rereadFile(path, fileIntervalMs, {
    onText: () => {
      if (!isFirst) void update();
      isFirst = false;
    },
    onError: error =>
      host.log.warn({ err: error, file: path }, "name servers cannot be read; the known ones stay"),
  });
  layer.onClose(() => following.close());
}
