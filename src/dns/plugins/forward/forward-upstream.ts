/** One upstream of a `forward` stanza: its exchange, its health, and whether it may be asked. */

import type { Logger } from "pino";
import { decodeMessage } from "../../wire/decode.ts";
import { encodeMessage } from "../../wire/encode.ts";
import type { Message } from "../../wire/message.ts";
import { opcodes, rcodeName, rcodes } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { classCodes, typeCodes } from "../../wire/record.ts";
import { WireError } from "../../wire/wire-error.ts";
import type { Labels } from "../plugin.ts";
import { formatEndpoint } from "./destination.ts";
import type { openUpstream, UpstreamExchange } from "./exchange.ts";
import { ExchangeError } from "./exchange.ts";
import type { ForwardConfig } from "./forward-config.ts";
import type { ForwardMetrics } from "./forward-metrics.ts";
import type { Target } from "./targets.ts";
import { UpstreamHealth } from "./upstream-health.ts";

export interface UpstreamSurroundings {
  readonly open: typeof openUpstream;
  readonly metrics: ForwardMetrics;
  readonly log: Logger;
}

/** Health checks wait for so long, whatever read_timeout says. */
const checkTimeoutMs = 1_000;
const maxMessageSizeBytes = 65_535;

export class ForwardUpstream {
  readonly target: Target;
  /** `10.0.0.2:53`, as metrics and messages name it. */
  readonly address: string;
  readonly config: ForwardConfig;
  readonly health: UpstreamHealth;
  readonly #connection: UpstreamExchange;
  readonly #metrics: ForwardMetrics;
  readonly #labels: Labels<"proxy_name" | "to">;
  readonly #durationsByRcode = new Map<number, { observe(seconds: number): void }>();
  #setAsideBecause: string | undefined;
  #isClosed = false;

  constructor(target: Target, config: ForwardConfig, { open, metrics, log }: UpstreamSurroundings) {
    this.target = target;
    this.config = config;
    this.address = formatEndpoint(target.address, target.port);
    this.#metrics = metrics;
    this.#labels = { proxy_name: "forward", to: this.address };
    this.#connection = open(target, this.#exchangeOptions());
    this.health = new UpstreamHealth({
      maxFails: config.healthCheck.maxFails,
      intervalMs: config.healthCheck.intervalMs,
      check: () => this.#check(),
      onChange: isDown => this.#tellHealth(isDown, log),
    });
  }

  /** Why it must not be asked; undefined when it may. */
  get setAsideBecause(): string | undefined {
    return this.#setAsideBecause;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Where it was configured, such as `/etc/resolv.conf, forward in Corefile:5`. */
  get origin(): string {
    const { file, line } = this.config.at;
    const forward = `forward in ${file}:${line}`;
    return this.target.file === undefined ? forward : `${this.target.file}, ${forward}`;
  }

  /** No client's query is sent to it until `restore`. */
  setAside(because: string): void {
    this.#setAsideBecause = because;
  }

  restore(): void {
    this.#setAsideBecause = undefined;
  }

  /** Rejects with ExchangeError only. */
  exchange(query: Uint8Array, over: "udp" | "tcp", timeoutMs: number): Promise<Uint8Array> {
    return this.#connection.exchange(query, over, timeoutMs);
  }

  /** A client's query was answered. */
  countReply(rcode: number, durationMs: number): void {
    let durations = this.#durationsByRcode.get(rcode);
    if (durations === undefined) {
      durations = this.#metrics.requestDuration.at({ ...this.#labels, rcode: rcodeName(rcode) });
      this.#durationsByRcode.set(rcode, durations);
    }
    durations.observe(durationMs / 1000);
  }

  /**
   * Asks a question of the server's own, also of an upstream that is set aside. Rejects with ExchangeError, code
   * BAD_REPLY when the reply cannot be decoded.
   */
  async ask(name: Name, type: number, timeoutMs: number, recursionDesired: boolean = true): Promise<Message> {
    const query = encodeMessage(queryFor(name, type, recursionDesired), maxMessageSizeBytes);
    const reply = await this.exchange(query, this.config.forcesTcp ? "tcp" : "udp", timeoutMs);
    try {
      return decodeMessage(reply);
    } catch (error) {
      if (error instanceof WireError)
        throw new ExchangeError("BAD_REPLY", `${this.address}: ${error.message}`);
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.health.close();
    this.#connection.close();
  }

  #exchangeOptions() {
    const { expireMs, maxAgeMs, maxIdleConnections } = this.config;
    const { connectionHits, connectionMisses } = this.#metrics;
    const counts = (proto: string) => {
      const labels = { ...this.#labels, proto };
      return { hits: connectionHits.at(labels), misses: connectionMisses.at(labels) };
    };
    const countsOver = { udp: counts("udp"), tcp: counts("tcp"), tls: counts("tcp-tls") };
    const onConnection = ({ isReused, over }: { isReused: boolean; over: keyof typeof countsOver }) =>
      countsOver[over][isReused ? "hits" : "misses"].inc();
    return { expireMs, maxAgeMs, maxIdleConnections, onConnection };
  }

  /** Any reply at all says that it is there. */
  async #check(): Promise<boolean> {
    const { domain, recursionDesired } = this.config.healthCheck;
    try {
      await this.ask(domain, typeCodes.NS, checkTimeoutMs, recursionDesired);
      return true;
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      if (error.code === "BAD_REPLY") return true;
      this.#metrics.healthcheckFailures.inc(this.#labels);
      return false;
    }
  }

  #tellHealth(isDown: boolean, log: Logger): void {
    const fields = { upstream: this.address, configured: this.origin };
    if (isDown) log.warn(fields, "upstream does not answer and is not asked until it does");
    else log.info(fields, "upstream answers again");
  }
}

function queryFor(name: Name, type: number, recursionDesired: boolean): Message {
  return {
    id: 0,
    isResponse: false,
    opcode: opcodes.QUERY,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: rcodes.NOERROR,
    questions: [{ name, type, class: classCodes.IN }],
    answers: [],
    authorities: [],
    additionals: [],
    edns: undefined,
  };
}
