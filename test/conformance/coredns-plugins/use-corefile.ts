/** A subject that runs a Corefile of the test's own, without a cluster. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exchangeTcp, exchangeUdp } from "../../support/dns-client.ts";
import { buildQuery, type QueryOptions } from "../../support/dns-client-query.ts";
import { decodeReply, type Reply } from "../../support/dns-client-reply.ts";
import { type Subject, type SubjectOptions, startSubject, subjectName } from "../../support/subject.ts";
import { assertReply, type Case, makeReady } from "../conformance-case.ts";

export interface CorefileSubject {
  readonly subject: Subject;
  ask(question: string, query?: QueryOptions, over?: "udp" | "tcp"): Promise<Reply>;
}

/** Starts the subject before the file's tests and ends it after them. */
export function useCorefile(
  options: Required<Pick<SubjectOptions, "corefile">> & SubjectOptions,
): CorefileSubject {
  let subject: Subject | undefined;
  before(async () => {
    subject = await startSubject({ awaitReady: false, ...options });
  });
  after(() => subject?.stop());
  const running = () => {
    assert.ok(subject, "the subject has started");
    return subject;
  };
  return {
    get subject() {
      return running();
    },
    async ask(question, query = {}, over = "udp") {
      const exchange = over === "tcp" ? exchangeTcp : exchangeUdp;
      return decodeReply(await exchange(running().server, buildQuery(question, query)));
    },
  };
}

/** One test per case. */
export function corefileAnswers(subject: CorefileSubject, cases: readonly Case[]): void {
  for (const one of cases) {
    const differs = subjectName === "coredns" ? one.differs : undefined;
    const skip = differs !== undefined && differs.coredns === undefined ? `differs: ${differs.why}` : false;
    test(one.name, { skip }, async () => {
      const ask = () => subject.ask(one.ask, one.query, one.over);
      if (one.over !== "tcp") await makeReady(ask);
      assertReply(await ask(), one, differs?.coredns ?? one);
    });
  }
}

/** The lines of the metrics page that begin with `start`. */
export async function metricsOf({ subject }: CorefileSubject, start: string): Promise<readonly string[]> {
  const text = await (await fetch(subject.metricsUrl)).text();
  return text.split("\n").filter(line => line.startsWith(start));
}
