/**
 * Cases that read like zone files: a question, and the sections of its answer as zone text.
 *
 * Expectations come from the Kubernetes DNS specification and from what clients of CoreDNS rely on; they hold for
 * every subject, except where a case says that and why the two differ on purpose.
 */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { TestApiServer } from "../support/api-server.ts";
import type { RawObject } from "../support/cluster-fixtures.ts";
import { exchangeTcp, exchangeUdp } from "../support/dns-client.ts";
import { buildQuery, type QueryOptions } from "../support/dns-client-query.ts";
import { decodeReply, type Reply } from "../support/dns-client-reply.ts";
import { type Subject, type SubjectOptions, startSubject, subjectName } from "../support/subject.ts";

export interface Expectation {
  /** NOERROR when absent. */
  readonly rcode?: string;
  /** Zone text, one record per line, in any order; empty when absent. An SOA serial is written `<serial>`. */
  readonly answer?: string;
  readonly authority?: string;
  readonly additional?: string;
  /** True when absent: everything in the zones is answered with authority. */
  readonly isAuthoritative?: boolean;
  readonly isTruncated?: boolean;
}

export interface Case extends Expectation {
  /** `<what> <condition> <result>` */
  readonly name: string;
  /** `NAME [CLASS] TYPE`, sent with this letter case. */
  readonly ask: string;
  readonly query?: QueryOptions;
  /** TCP avoids the size limits of UDP, so that only the sections matter; UDP when absent. */
  readonly over?: "udp" | "tcp";
  /** Set where Frontdesk answers otherwise on purpose. Without `coredns` the case is skipped for CoreDNS. */
  readonly differs?: { readonly why: string; readonly coredns?: Expectation };
}

/** The SOA of a negative answer: TTL min(ttl, 300), minimum ttl. */
export function soa(zone = "cluster.local.", ttlSeconds = 5): string {
  const recordTtl = Math.min(ttlSeconds, 300);
  return `${zone} ${recordTtl} IN SOA ns.dns.${zone} hostmaster.${zone} <serial> 7200 1800 86400 ${ttlSeconds}`;
}

/** The name exists, but not in this type. */
export const nodata: Expectation = { authority: soa() };
export const nxdomain: Expectation = { rcode: "NXDOMAIN", authority: soa() };
/** RFC 8020 §2: a name with records of another type, or with names beneath it, is no name error. */
export const existsToUs: Expectation & Pick<Case, "differs"> = {
  ...nodata,
  differs: {
    why: "CoreDNS denies the name for some types, and with it all names beneath",
    coredns: nxdomain,
  },
};
export const refused: Expectation = { rcode: "REFUSED", isAuthoritative: false };

export interface ClusterOptions extends Omit<SubjectOptions, "kubeconfig"> {
  readonly objects: readonly RawObject[];
  /** Runs before the subject starts: faults to inject, for one. */
  readonly prepare?: (api: TestApiServer) => void;
}

export interface Cluster {
  readonly api: TestApiServer;
  readonly subject: Subject;
  ask(question: string, query?: QueryOptions, over?: "udp" | "tcp"): Promise<Reply>;
}

/** Starts an API server and a subject before the surrounding suite's tests, and ends both after them. */
export function useCluster(options: ClusterOptions): Cluster {
  let api: TestApiServer | undefined;
  let subject: Subject | undefined;

  before(async () => {
    api = await TestApiServer.start();
    api.load(options.objects);
    options.prepare?.(api);
    subject = await startSubject({ ...options, kubeconfig: api.kubeconfig() });
  });
  after(async () => {
    await subject?.stop();
    await api?.close();
  });

  return {
    get api() {
      return started(api);
    },
    get subject() {
      return started(subject);
    },
    async ask(question, query = {}, over = "udp") {
      const exchange = over === "tcp" ? exchangeTcp : exchangeUdp;
      const sent = buildQuery(question, query);
      const { server } = started(subject);
      if (over === "udp") await makeReady(() => exchange(server, sent));
      const reply = decodeReply(await exchange(server, sent));
      assert.equal(reply.id, sent.readUInt16BE(0), `${question}: the reply has another id`);
      return reply;
    },
  };
}

/**
 * Asks so often that Frontdesk has the reply ready to be sent when the same is asked once more. With FRONTDESK_SHORTCUT=off
 * the same replies are made anew each time.
 */
export async function makeReady(ask: () => Promise<unknown>): Promise<void> {
  if (subjectName === "coredns") return;
  await ask();
  await ask();
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the cluster has not been started");
  return value;
}

/** Test options for a test of its own that Frontdesk passes and CoreDNS does not, on purpose. */
export function differsFromCoreDns(why: string): { readonly skip: string | false } {
  return { skip: subjectName === "coredns" ? `differs: ${why}` : false };
}

/** One test per case. */
export function answers(cluster: Cluster, cases: readonly Case[]): void {
  for (const one of cases) {
    const differs = subjectName === "coredns" ? one.differs : undefined;
    const skip = differs !== undefined && differs.coredns === undefined ? `differs: ${differs.why}` : false;
    test(one.name, { skip }, async () => {
      assertReply(await cluster.ask(one.ask, one.query, one.over), one, differs?.coredns ?? one);
    });
  }
}

/**
 * Asks until the reply is the expected one; after `withinMs` the last difference is thrown.
 * For changes on their way through the API's watch, which nothing outside the subject can observe.
 */
export async function eventuallyAnswers(
  cluster: Cluster,
  ask: string,
  expected: Expectation,
  withinMs = 3_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const reply = await cluster.ask(ask);
    const isSettled = differencesOf(reply, expected).length === 0 || Date.now() > deadline;
    if (isSettled) return assertReply(reply, { ask }, expected);
    await delay(2);
  }
}

/** Compares every section and what every reply has to keep of its query. */
export function assertReply(reply: Reply, sent: Pick<Case, "ask" | "query">, expected: Expectation): void {
  assertKeepsQuery(reply, sent);
  const differences = differencesOf(reply, expected);
  if (differences.length === 0) return;
  throw new assert.AssertionError({
    message: `${sent.ask} was answered otherwise (- expected, + answered)\n${differences.join("\n")}`,
  });
}

/** RFC 1035 §4.1.1, RFC 6891 §7: id, question, RD and CD come back, RA and AD stay 0, OPT answers OPT. */
function assertKeepsQuery(reply: Reply, sent: Pick<Case, "ask" | "query">): void {
  const query = sent.query ?? {};
  const kept = {
    isResponse: reply.isResponse,
    opcode: reply.opcode,
    recursionDesired: reply.recursionDesired,
    checkingDisabled: reply.checkingDisabled,
    recursionAvailable: reply.recursionAvailable,
    authenticData: reply.authenticData,
    question: reply.question.toString("latin1"),
    hasOpt: reply.opt !== undefined,
  };
  assert.deepEqual(
    kept,
    {
      isResponse: true,
      opcode: 0,
      recursionDesired: query.recursionDesired ?? false,
      checkingDisabled: query.checkingDisabled ?? false,
      recursionAvailable: false,
      authenticData: false,
      question: buildQuery(sent.ask).subarray(12).toString("latin1"),
      hasOpt: query.edns !== undefined,
    },
    `${sent.ask}: the reply does not fit its query`,
  );
}

function differencesOf(reply: Reply, expected: Expectation): readonly string[] {
  const header = headerLine(
    expected.rcode ?? "NOERROR",
    expected.isAuthoritative ?? true,
    expected.isTruncated ?? false,
  );
  return [
    ...difference("header", [headerLine(reply.rcode, reply.isAuthoritative, reply.isTruncated)], [header]),
    ...difference("answer", reply.answer, linesOf(expected.answer)),
    ...difference("authority", reply.authority, linesOf(expected.authority)),
    ...difference("additional", reply.additional, linesOf(expected.additional)),
  ];
}

function headerLine(rcode: string, isAuthoritative: boolean, isTruncated: boolean): string {
  return `${rcode}${isAuthoritative ? " aa" : ""}${isTruncated ? " tc" : ""}`;
}

/** Empty when both hold the same lines in any order; otherwise the whole section, marked line by line. */
function difference(
  section: string,
  actual: readonly string[],
  expected: readonly string[],
): readonly string[] {
  const unmatched = [...actual];
  const marked = expected.map(line => {
    const index = unmatched.indexOf(line);
    if (index < 0) return `- ${line}`;
    unmatched.splice(index, 1);
    return `  ${line}`;
  });
  marked.push(...unmatched.map(line => `+ ${line}`));
  if (marked.every(line => line.startsWith("  "))) return [];
  return [`;; ${section}`, ...marked.sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1))];
}

function linesOf(zoneText = ""): readonly string[] {
  return zoneText
    .split("\n")
    .map(line => line.trim().replace(/\s+/g, " "))
    .filter(line => line !== "");
}
