/** Which addresses a plan listens on, and which zones are served on each. */

import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { configOf } from "../corefile/plan.ts";
import type { Scheme } from "../corefile/server-key.ts";
import { schemePorts } from "../corefile/server-key.ts";
import type { Place, Word } from "../corefile/syntax.ts";
import type { BindConfig } from "../plugins/bind.ts";
import type { RunningBlock } from "../plugins/block.ts";
import type { HttpsConfig } from "../plugins/https.ts";
import { defaultMaxHttpsConnections } from "../plugins/https.ts";
import { PluginStartError } from "../plugins/plugin.ts";
import type { TimeoutsConfig } from "../plugins/timeouts.ts";
import type { Site } from "./router.ts";
import { siteOf } from "./router.ts";
import type { StreamTimeouts } from "./tcp.ts";
import { defaultTimeouts } from "./tcp.ts";
import type { TlsContext } from "./tls-context.ts";
import type { Work } from "./work.ts";

export interface ListenPlan {
  /** Equal for listeners that can take one another's place. */
  readonly key: string;
  readonly scheme: Scheme;
  readonly address: string;
  readonly port: number;
  /** The `server` label of metrics. */
  readonly server: string;
  readonly sites: readonly Site[];
  readonly tls: TlsContext | undefined;
  readonly timeouts: StreamTimeouts;
  readonly maxHttpsConnections: number;
  /** The first key that asks for it. */
  readonly at: Place;
}

/** A server block with what its listeners need. */
export interface PreparedBlock {
  readonly block: RunningBlock;
  readonly tls: TlsContext | undefined;
}

/** `defaultPort` is that of plain DNS. Throws PluginStartError for an interface that is not there. */
export function planListeners(
  prepared: readonly PreparedBlock[],
  defaultPort: number,
  work: Work,
): readonly ListenPlan[] {
  const plans = new Map<string, ListenPlan & { readonly sites: Site[] }>();
  for (const { block, tls } of prepared) {
    const bound = boundAddresses(configOf<BindConfig>(block.plan, "bind"));
    for (const { scheme, zone, port: wantedPort, at } of block.plan.keys) {
      const port = wantedPort ?? (scheme === "dns" ? defaultPort : schemePorts[scheme]);
      const encryption = scheme === "dns" ? undefined : tls;
      for (const address of bound ?? allAddresses()) {
        const site = `${scheme}${encryption === undefined ? "" : "+tls"} ${address} ${port}`;
        const server = `${scheme}://${bound === undefined ? "" : inBrackets(address)}:${port}`;
        const plan = plans.get(site) ?? {
          ...{ scheme, address, port, server, at, sites: [] },
          // Whom it lets in cannot change while a socket is open: another has to take its place.
          key: encryption === undefined ? site : `${site} ${encryption.clientAuth}`,
          tls: encryption,
          timeouts: { ...defaultTimeouts, ...configOf<TimeoutsConfig>(block.plan, "timeouts") },
          maxHttpsConnections:
            configOf<HttpsConfig>(block.plan, "https")?.maxConnections ?? defaultMaxHttpsConnections,
        };
        plan.sites.push(siteOf(zone, block, work));
        plans.set(site, plan);
      }
    }
  }
  return [...plans.values()];
}

/** Undefined without `bind`: everywhere. */
function boundAddresses(config: BindConfig | undefined): readonly string[] | undefined {
  if (config === undefined) return undefined;
  const addresses = config.stanzas.flatMap(({ targets, except }) => {
    const excluded = new Set(except.flatMap(addressesOf));
    return targets.flatMap(addressesOf).filter(address => !excluded.has(address));
  });
  return [...new Set(addresses)];
}

function addressesOf({ text, at }: Word): readonly string[] {
  const ofInterface = networkInterfaces()[text];
  if (ofInterface !== undefined) {
    return ofInterface.map(({ address, scopeid }) => (scopeid ? `${address}%${text}` : address));
  }
  if (isIP(text) !== 0) return [text];
  const names = Object.keys(networkInterfaces()).join(", ");
  throw new PluginStartError(
    at,
    `bind: "${text}" is neither an IP address nor an interface of this machine`,
    `write an address, or one of ${names}`,
  );
}

/** Both families where the machine has both: a wildcard socket of a missing family cannot be opened. */
function allAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  return all.some(({ family }) => family === "IPv6") ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

function inBrackets(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
