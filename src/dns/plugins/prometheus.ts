/** Corefile word `prometheus`: counts the queries of its server block, and opens the page they are scraped from. */

import type { Directive } from "../corefile/syntax.ts";
import { readListenAddress } from "./listen-address.ts";
import type { Outcome } from "./outcome.ts";
import type { BlockChain, CountedQuery, Exchange } from "./plugin.ts";
import { definePlugin } from "./plugin.ts";

export interface PrometheusConfig {
  readonly address: string;
}

export const prometheus = definePlugin<PrometheusConfig>({
  name: "prometheus",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    const [stanza] = stanzas;
    reading.options(stanza, {
      // Those of the runtime are always there.
      runtime_metrics: (option: Directive) => void reading.hasArguments(option, 0),
      tls: ({ name }: Directive) =>
        reading.report(
          "COREFILE_UNSAFE_TO_IGNORE",
          name.at,
          "prometheus: tls is not offered here, and without it the metrics would be open",
          "remove it, or protect the page with a proxy",
        ),
    });
    const address = readListenAddress(stanza, reading, "localhost:9153");
    return address === undefined ? undefined : { address };
  },

  explain: ({ address }) => [`Counts queries and shows the numbers on http://${address}/metrics.`],

  start: (_config, { queries }) => {
    let writer = (_outcome: Outcome) => "";
    return {
      connect(chain) {
        writer = writerOf(chain);
      },
      sent: exchange => queries.observe(countedQuery(exchange, writer(exchange.outcome))),
      tallyOf: exchange => queries.tallyOf(countedQuery(exchange, writer(exchange.outcome))),
    };
  },
});

function countedQuery(
  { query, rcode, requestSizeBytes, response, durationMs }: Exchange,
  plugin: string,
): CountedQuery {
  return {
    server: query.server,
    zone: query.zoneText,
    protocol: query.client.protocol === "udp" ? "udp" : "tcp",
    family: query.client.family === "IPv4" ? "1" : "2",
    type: query.question.type,
    rcode,
    isDnssecOk: query.message.edns?.isDnssecOk === true,
    requestSizeBytes,
    responseSizeBytes: response?.length ?? 0,
    durationSeconds: durationMs / 1_000,
    plugin,
  };
}

/**
 * What CoreDNS puts into the label `plugin`: whoever wrote to the client last. Where `loadbalance` stands between, that
 * is always it, but for plugins outside of it.
 */
function writerOf({ members }: BlockChain): (outcome: Outcome) => string {
  const names = members.map(({ name }) => name);
  const wrapper = names.indexOf("loadbalance");
  const outside = new Set(names.slice(0, Math.max(wrapper, 0)));
  return outcome => {
    if (outcome.kind !== "reply" && outcome.kind !== "stream") return "";
    return wrapper === -1 || outside.has(outcome.plugin) ? outcome.plugin : "loadbalance";
  };
}
