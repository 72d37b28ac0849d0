import { createHistogram } from "node:perf_hooks";
import { rcodes } from "../../../src/dns/wire/message.ts";
import type { ExpectedReply, Latency } from "./load-request.ts";

/** QR (RFC 1035 §4.1.1), in octet 2. */
const isResponseBit = 0x80;

/** What has become of the queries of all sockets. */
export class Tally {
  sent = 0;
  answered = 0;
  wrong = 0;
  lost = 0;
  readonly #rcode: number;
  readonly #hasAnswers: boolean;
  /** In microseconds. */
  readonly #latencies = createHistogram();
  readonly #isTimed: boolean;

  constructor(expected: ExpectedReply, { isTimed }: { readonly isTimed: boolean }) {
    this.#rcode = expected === "nxdomain" ? rcodes.NXDOMAIN : rcodes.NOERROR;
    this.#hasAnswers = expected === "answer";
    this.#isTimed = isTimed;
  }

  /** The reply begins at `start`. */
  countReply(octets: Uint8Array, start: number, latencyMs: number): void {
    const isResponse = ((octets[start + 2] as number) & isResponseBit) !== 0;
    const isSameRcode = ((octets[start + 3] as number) & 0xf) === this.#rcode;
    const hasAnswers = octets[start + 7] !== 0;
    if (isResponse && isSameRcode && hasAnswers === this.#hasAnswers) this.answered += 1;
    else this.wrong += 1;
    if (this.#isTimed) this.#latencies.record(Math.max(1, Math.round(latencyMs * 1000)));
  }

  latency(): Latency | undefined {
    if (!this.#isTimed || this.#latencies.count === 0) return undefined;
    const percentileMs = (percentile: number) => this.#latencies.percentile(percentile) / 1000;
    return { p50Ms: percentileMs(50), p99Ms: percentileMs(99), maxMs: this.#latencies.max / 1000 };
  }
}
