/** Exchanges with a test upstream, and what is asked of every one of them. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type {
  ExchangeErrorCode,
  ExchangeOptions,
  UpstreamExchange,
  UpstreamTarget,
} from "../../../../src/dns/plugins/forward/exchange.ts";
import { ExchangeError, openUpstream } from "../../../../src/dns/plugins/forward/exchange.ts";
import { decodeMessage } from "../../../../src/dns/wire/decode.ts";
import { buildQuery } from "../../../support/dns-client-query.ts";
import { TestUpstream, type TestUpstreamOptions } from "../../../support/test-upstream.ts";
import { formatRecord } from "../../../support/zone-text.ts";

/** Long enough never to pass by chance. */
export const ampleMs = 30_000;

export type Over = "udp" | "tcp";

const defaultOptions: ExchangeOptions = { expireMs: 10_000, maxAgeMs: 0, maxIdleConnections: 0 };

/** Ends with the test. */
export async function startUpstream(
  context: TestContext,
  options: TestUpstreamOptions = {},
): Promise<TestUpstream> {
  const upstream = await TestUpstream.start(options);
  context.after(() => upstream.stop());
  return upstream;
}

/** Closed with the test. */
export function open(
  context: TestContext,
  target: UpstreamTarget,
  options: Partial<ExchangeOptions> = {},
): UpstreamExchange {
  const exchange = openUpstream(target, { ...defaultOptions, ...options });
  context.after(() => exchange.close());
  return exchange;
}

/** A target of an upstream's UDP and TCP port. */
export function dnsTarget({ address, port }: TestUpstream): UpstreamTarget {
  return { transport: "dns", address, port };
}

/** Asks and holds that id and question come back as they were; resolves with the rcode and the answers' zone text. */
export async function ask(
  exchange: UpstreamExchange,
  question: string,
  over: Over = "udp",
  timeoutMs: number = ampleMs,
): Promise<{ readonly rcode: number; readonly answers: readonly string[]; readonly bytes: Uint8Array }> {
  const query = buildQuery(question);
  const before = Buffer.from(query);
  const bytes = await exchange.exchange(query, over, timeoutMs);
  assert.deepEqual(query, before, "the query is not changed");
  assert.deepEqual(Buffer.from(bytes.subarray(0, 2)), query.subarray(0, 2), "the id is the query's");
  assert.deepEqual(Buffer.from(bytes.subarray(12, query.length)), query.subarray(12), "so is the question");
  const { rcode, answers } = decodeMessage(bytes);
  return { rcode, answers: answers.map(formatRecord), bytes };
}

/** Asks and holds that nothing but this error comes of it; resolves with its message. */
export async function askInVain(
  exchange: UpstreamExchange,
  code: ExchangeErrorCode,
  over: Over = "udp",
  timeoutMs: number = ampleMs,
): Promise<string> {
  let message = "";
  await assert.rejects(exchange.exchange(buildQuery("www.example.org. A"), over, timeoutMs), error => {
    assert.ok(error instanceof ExchangeError, String(error));
    assert.equal(error.code, code, error.message);
    message = error.message;
    return true;
  });
  return message;
}

/** How many sockets or connections of the client the upstream has seen. */
export function clientPorts(upstream: TestUpstream): number {
  return new Set(upstream.queries.map(query => query.clientPort)).size;
}
