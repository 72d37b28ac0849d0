/** Upstreams without sockets, each with a script: what they are asked is kept, what they say is a function. */

import type {
  ExchangeErrorCode,
  openUpstream,
  UpstreamTarget,
} from "../../../../src/dns/plugins/forward/exchange.ts";
import { ExchangeError } from "../../../../src/dns/plugins/forward/exchange.ts";
import { decodeMessage } from "../../../../src/dns/wire/decode.ts";
import { encodeMessage } from "../../../../src/dns/wire/encode.ts";
import type { Message } from "../../../../src/dns/wire/message.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { formatName } from "../../../../src/dns/wire/name.ts";
import { typeName } from "../../../../src/dns/wire/record.ts";
import { parseZoneText } from "../../../support/parse-zone-text.ts";

/** Zone text of the answer section, parts of the reply, or why there is none. */
export type Say =
  | string
  | Partial<Pick<Message, "rcode" | "isTruncated" | "isAuthoritative" | "answers" | "authenticData">>
  | ExchangeErrorCode;

export type Script = (asked: Asked) => Say | Promise<Say>;

export interface Asked {
  /** `www.example.org. A` */
  readonly ask: string;
  readonly message: Message;
  readonly over: "udp" | "tcp";
  readonly timeoutMs: number;
  readonly to: string;
}

const errorCodes = ["TIMEOUT", "REFUSED", "UNREACHABLE", "RESET", "TLS", "HTTP", "BAD_REPLY", "CLOSED"];

export class ScriptedUpstreams {
  /** Without health checks. */
  readonly asked: Asked[] = [];
  readonly checks: Asked[] = [];
  readonly opened: UpstreamTarget[] = [];
  readonly closed: string[] = [];
  readonly #scripts: Readonly<Record<string, Script>>;
  #waiters: (() => void)[] = [];

  /** By `ADDRESS:PORT`; the others answer each name with their own address. */
  constructor(scripts: Readonly<Record<string, Script>> = {}) {
    this.#scripts = scripts;
  }

  get order(): readonly string[] {
    return this.asked.map(({ to }) => to);
  }

  /** Resolves when so many health checks have been sent. */
  async checked(count: number): Promise<void> {
    while (this.checks.length < count) await new Promise<void>(resolve => this.#waiters.push(resolve));
  }

  readonly open: typeof openUpstream = (target, options) => {
    this.opened.push(target);
    const to = target.address.includes(":")
      ? `[${target.address}]:${target.port}`
      : `${target.address}:${target.port}`;
    return {
      exchange: async (query, over, timeoutMs) => {
        options.onConnection?.({ isReused: false, over: target.transport === "tls" ? "tls" : over });
        return this.#reply({ ...readAsk(query), over, timeoutMs, to }, target);
      },
      close: () => void this.closed.push(to),
    };
  };

  async #reply(asked: Asked, target: UpstreamTarget): Promise<Uint8Array> {
    (asked.ask.endsWith(" NS") ? this.checks : this.asked).push(asked);
    for (const wake of this.#waiters.splice(0)) wake();
    const say = await (this.#scripts[asked.to]?.(asked) ?? own(asked, target));
    if (typeof say === "string" && errorCodes.includes(say)) {
      throw new ExchangeError(say as ExchangeErrorCode, `${asked.to}: ${say}`);
    }
    const parts = typeof say === "string" ? { answers: parseZoneText(say) } : say;
    const reply: Message = { ...asked.message, isResponse: true, recursionAvailable: true, ...parts };
    return encodeMessage({ ...reply, edns: undefined }, 65_535);
  }
}

export const nameError: Say = { rcode: rcodes.NXDOMAIN };
export const serverFailure: Say = { rcode: rcodes.SERVFAIL };

function own({ message }: Asked, { address }: UpstreamTarget): Say {
  const name = formatName(message.questions[0]?.name ?? []);
  return `${name} 60 IN ${address.includes(":") ? "AAAA" : "A"} ${address}`;
}

function readAsk(query: Uint8Array): Pick<Asked, "ask" | "message"> {
  const message = decodeMessage(query);
  const { name = [], type = 0 } = message.questions[0] ?? {};
  return { message, ask: `${formatName(name)} ${typeName(type)}` };
}
