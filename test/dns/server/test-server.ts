/** A DNS server in this process, whose answers a test makes. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { pino } from "pino";
import { parseCorefile } from "../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../src/dns/corefile/plan.ts";
import { bind } from "../../../src/dns/plugins/bind.ts";
import { https } from "../../../src/dns/plugins/https.ts";
import type { Exchange, Handler } from "../../../src/dns/plugins/plugin.ts";
import { definePlugin } from "../../../src/dns/plugins/plugin.ts";
import { replyTo } from "../../../src/dns/plugins/records-reply.ts";
import { timeouts } from "../../../src/dns/plugins/timeouts.ts";
import { tls } from "../../../src/dns/plugins/tls.ts";
import type { DNSServerOptions } from "../../../src/dns/server/dns-server.ts";
import { DNSServer } from "../../../src/dns/server/dns-server.ts";
import { udpKinds } from "../../../src/dns/server/listener.ts";
import { PreparedAnswers } from "../../../src/dns/server/prepared-answers.ts";
import { UDPSockets } from "../../../src/dns/server/udp.ts";
import type { ResourceRecord } from "../../../src/dns/wire/record.ts";

const log = pino({ level: "silent" });
export const host = "127.0.0.1";

/** `web.test. TTL IN A ADDRESS` */
export function addressRecord(address: string, ttlSeconds: number): ResourceRecord {
  return { name: ["web", "test"], class: 1, ttlSeconds, data: { type: "A", address } };
}

export function answering(count: number): Handler {
  const answers = Array.from({ length: count }, (_, place) =>
    addressRecord(`10.0.${place >> 8}.${place & 255}`, 5),
  );
  return query => replyTo(query.message, { plugin: "answer", answers });
}

export interface TestOptions {
  readonly handle: Handler;
  readonly sent: (exchange: Exchange) => void;
  /** Whether replies may be sent again. */
  readonly answersAlike: boolean;
  /** The plugins are closed. */
  readonly close: () => void;
  readonly onFault: () => void;
  readonly onDropped: DNSServerOptions["onDropped"];
  readonly onHttpsStatus: (server: string, status: number) => void;
}

export function planOf(
  corefile: string,
  {
    handle = answering(1),
    sent = () => {},
    close = () => {},
    answersAlike = false,
  }: Partial<TestOptions> = {},
) {
  const answer = definePlugin<true>({
    name: "answer",
    read: () => true,
    explain: () => [],
    start: () => ({ handle, sent, close, answersAlike }),
  });
  const files = { read: () => undefined, glob: () => [] };
  const blocks = parseCorefile({ file: "Corefile", text: corefile, files, environment: {} });
  return planCorefile(blocks, { plugins: [https, timeouts, bind, tls, answer], others: {} });
}

export function newServer(options: Partial<TestOptions> = {}): DNSServer {
  const unused = () => assert.fail("no plugin of these tests asks for it");
  const hooks: DNSServerOptions = {
    defaultPort: 0,
    log,
    udp: new UDPSockets(
      udpKinds.find(kind => kind === process.env.FRONTDESK_UDP),
      log,
    ),
    prepared: new PreparedAnswers(),
    onDropped: options.onDropped ?? (() => {}),
    onFault: options.onFault ?? (() => {}),
    onHttpsStatus: options.onHttpsStatus ?? (() => {}),
    hostFor: (_block, { at }) => ({
      ...{ log, at, zones: [], now: () => 0, path: name => name, writeLogLine: () => {} },
      queries: { observe: () => {}, tallyOf: () => ({ count: () => {} }) },
      instruments: { counter: unused, gauge: unused, histogram: unused },
      openCluster: unused,
    }),
  };
  return new DNSServer(hooks);
}

/** A server for `test.` on a free port of 127.0.0.1. */
export async function start(
  context: TestContext,
  options: Partial<TestOptions> = {},
): Promise<{ port: number }> {
  const server = newServer(options);
  await server.apply(planOf(`test {\n bind ${host}\n answer\n}`, options));
  context.after(() => server.close());
  return { port: server.listeners[0]?.port ?? 0 };
}
