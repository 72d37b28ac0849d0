/** A block with `cache` in front of an upstream that says what a test wants it to say. */

import { cache } from "../../../../src/dns/plugins/cache/cache.ts";
import { octetsReply } from "../../../../src/dns/plugins/octets-reply.ts";
import type { Outcome } from "../../../../src/dns/plugins/outcome.ts";
import type { Plugin } from "../../../../src/dns/plugins/plugin.ts";
import type { Query } from "../../../../src/dns/plugins/query.ts";
import { encodeMessage } from "../../../../src/dns/wire/encode.ts";
import type { Message } from "../../../../src/dns/wire/message.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { parseZoneText } from "../../../support/parse-zone-text.ts";
import { Rig } from "../rig.ts";

export interface Said {
  readonly rcode?: keyof typeof rcodes;
  readonly answers?: string;
  readonly authorities?: string;
  readonly additionals?: string;
  readonly flags?: Partial<Message>;
}

export class CacheRig extends Rig {
  /** What the upstream says from now on, or does. */
  said: Said | ((query: Query) => Outcome | Promise<Outcome>) = {};
  /** What it was asked. */
  readonly asked: Query[] = [];

  async open(corefile: string, plugins: readonly Plugin[] = []): Promise<this> {
    await this.start(corefile, {
      plugins: [cache, ...plugins],
      upstream: query => {
        this.asked.push(query);
        return typeof this.said === "function" ? this.said(query) : replyOf(query, this.said);
      },
    });
    return this;
  }

  /** The value of a counter of this plugin, 0 when it was never touched. */
  counted(name: string, type?: "success" | "denial", zones = "."): number {
    const labels = [...this.metrics.keys()].filter(key => key.startsWith(`coredns_cache_${name}{`));
    const key = labels.find(
      text => text.includes(`zones="${zones}"`) && (type === undefined || text.includes(`type="${type}"`)),
    );
    return key === undefined ? 0 : (this.metrics.get(key) ?? 0);
  }
}

export function openCacheRig(options = "cache", plugins: readonly Plugin[] = []): Promise<CacheRig> {
  return new CacheRig().open(`. {\n ${options}\n}`, plugins);
}

/** As it comes from a socket: octets. */
export function replyOf({ message }: Query, said: Said): Outcome {
  const { questions, edns, opcode, recursionDesired, checkingDisabled } = message;
  const octets = encodeMessage(
    {
      ...{ id: 9, isResponse: true, opcode, recursionDesired, checkingDisabled, questions, edns },
      ...{ isAuthoritative: false, isTruncated: false, recursionAvailable: true, authenticData: false },
      rcode: rcodes[said.rcode ?? "NOERROR"],
      answers: parseZoneText(said.answers ?? ""),
      authorities: parseZoneText(said.authorities ?? ""),
      additionals: parseZoneText(said.additionals ?? ""),
      ...said.flags,
    },
    65535,
  );
  return octetsReply(octets, { plugin: "forward" });
}

export const address = (ttlSeconds: number): Said => ({
  answers: `www.example.org. ${ttlSeconds} IN A 192.0.2.1`,
});
export const soa = (ttlSeconds: number) =>
  `example.org. ${ttlSeconds} IN SOA ns.example.org. admin.example.org. 1 7200 3600 86400 900`;
export const denied = (ttlSeconds: number): Said => ({ rcode: "NXDOMAIN", authorities: soa(ttlSeconds) });

export function aliased(aliasSeconds: number, addressSeconds: number): Said {
  return {
    answers: `www.example.org. ${aliasSeconds} IN CNAME a.example.net.
      a.example.net. ${addressSeconds} IN A 192.0.2.1`,
  };
}
