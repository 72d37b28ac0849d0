/** Corefile word `health`: an HTTP page that is there as long as the process runs, and the time of grace at its end. */

import { get } from "node:http";
import type { Directive } from "../corefile/syntax.ts";
import { readListenAddress } from "./listen-address.ts";
import type { PluginHost } from "./plugin.ts";
import { definePlugin } from "./plugin.ts";

export interface HealthConfig {
  readonly address: string;
  /** How long names are still answered after the signal to stop. */
  readonly lameduckMs: number;
}

export const health = definePlugin<HealthConfig>({
  name: "health",

  read(stanzas, reading) {
    let lameduckMs = 0;
    let address: string | undefined;
    for (const stanza of stanzas) {
      reading.options(stanza, {
        lameduck(option: Directive) {
          const [word] = option.args;
          if (!reading.hasArguments(option, 1) || word === undefined) return;
          lameduckMs = reading.durationMs(word) ?? lameduckMs;
        },
      });
      address = readListenAddress(stanza, reading, address ?? ":8080");
    }
    return address === undefined ? undefined : { address, lameduckMs };
  },

  explain: ({ address, lameduckMs }) => [
    `Says on http://${address}/health that the process is alive${
      lameduckMs === 0 ? "" : `, and answers for ${lameduckMs / 1_000} s more when it is told to stop`
    }.`,
  ],

  start: ({ address }, host) => {
    const poll = new HealthPoll(address, host);
    return { close: () => poll.close() };
  },
});

const pollIntervalMs = 1_000;
const edgesSeconds = [0.00025, 0.0025, 0.025, 0.25, 2.5];

/** Asks the page as the kubelet does: how long that takes shows how loaded the process is. */
class HealthPoll {
  readonly #timer: NodeJS.Timeout;

  constructor(address: string, { instruments }: PluginHost) {
    const duration = instruments.histogram(
      "coredns_health_request_duration_seconds",
      "Time that the server's own request to its health page took.",
      [],
      edgesSeconds,
    );
    const failures = instruments.counter(
      "coredns_health_request_failures_total",
      "Requests of the server to its own health page that failed.",
      [],
    );
    failures.inc({}, 0);
    const url = `http://${address.startsWith(":") ? `127.0.0.1${address}` : address}/health`;
    this.#timer = setInterval(() => {
      const startedAtMs = performance.now();
      const request = get(url, { agent: false, timeout: 5 * pollIntervalMs }, response => {
        response.resume();
        duration.observe({}, (performance.now() - startedAtMs) / 1_000);
      });
      request.on("timeout", () => request.destroy(new Error("no answer in time")));
      request.on("error", () => failures.inc({}));
    }, pollIntervalMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
