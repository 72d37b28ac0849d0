/** What every back end has to make of a new connection, by real ones from everywhere. */

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { IPFamily } from "../../../src/cluster/objects.ts";
import type { BackEnd } from "../../../src/proxy/back-end.ts";
import { byService } from "../../proxy/nftables/plan-fixture.ts";
import type { ConnectOrder, Outcome } from "../nftables/agent.ts";
import { addressesOf, Laboratory, laboratoryMissing } from "../nftables/laboratory.ts";
import { families, protocols, serveEverywhere, settings } from "./contract-world.ts";
import type { Subject } from "./subject.ts";
import { subjects } from "./subject.ts";
import type { Row } from "./verdict-rows.ts";
import { plansOf, rows, sourceOf, targetOf } from "./verdict-rows.ts";

interface Case {
  readonly title: string;
  readonly family: IPFamily;
  readonly protocol: ConnectOrder["protocol"];
  readonly row: Row;
}

const cases: readonly Case[] = families.flatMap(family =>
  protocols.flatMap(protocol =>
    Object.entries(rows).flatMap(([verdict, ofVerdict]) =>
      ofVerdict.map(row => {
        const [source, target] = row;
        return {
          title: `${family} ${protocol} row ${verdict}: ${source} to ${target}`,
          family,
          protocol,
          row,
        };
      }),
    ),
  ),
);

for (const subject of subjects) {
  suite(`contract of ${subject.name}`, { skip: laboratoryMissing() }, () => {
    let laboratory: Laboratory;
    let backEnd: BackEnd;

    before(async () => {
      laboratory = await Laboratory.open();
      await serveEverywhere(laboratory);
      backEnd = subject.open(laboratory, settings);
      await backEnd.start(byService(...families.flatMap(f => protocols.flatMap(p => plansOf(f, p)))));
    });

    after(async () => {
      await backEnd?.stop();
      await laboratory?.[Symbol.asyncDispose]();
    });

    for (const one of cases) {
      const connect = (): Promise<Outcome> => {
        const { family, protocol, row } = one;
        const client = sourceOf(row[0], family);
        const [address, port] = targetOf(row[1], family);
        const order = { protocol, source: client.address, address, port, patienceMs: patienceFor(row) };
        return laboratory.connect(client.place, order);
      };
      if (one.row[2].includes(" as ")) testAnswered(one, connect, subject);
      else testUnanswered(one, connect, subject);
    }
  });
}

/** How long a silence takes to be one; an answer that is due may be late on a busy machine. */
function patienceFor([, , expectation]: Row): number {
  return expectation === "dropped" || expectation === "unserved" ? 400 : 10_000;
}

function testAnswered({ title, row, family }: Case, connect: () => Promise<Outcome>, subject: Subject): void {
  const [source, target, expectation] = row;
  const [endpoints = "", seenAs] = expectation.split(" as ");
  test(`${title} meets ${endpoints}`, async () => {
    const wanted = endpoints.split(" ").sort();
    assert.deepEqual(await endpointsMet(connect, wanted.length, family), wanted);
  });
  const isKept = seenAs === "client" && target !== "node server";
  const skip = (isKept && subject.inability["keep the source"]) || false;
  test(`${title} is seen as ${seenAs}`, { skip }, async () => {
    const { node, gateway } = addressesOf[family];
    const seen = seenAs === "client" ? [sourceOf(source, family).address] : [node, gateway];
    const outcome = await connect();
    assert.equal(outcome.kind, "answered");
    assert.ok(seen.includes(outcome.seenSource), outcome.seenSource);
  });
}

function testUnanswered({ title, row }: Case, connect: () => Promise<Outcome>, subject: Subject): void {
  const [, target, expectation] = row;
  test(`${title} is ${expectation === "dropped" ? "unserved" : expectation}`, async () => {
    const { kind } = await connect();
    if (expectation === "refused") assert.equal(kind, "refused");
    else assert.notEqual(kind, "answered");
  });
  if (expectation !== "dropped") return;
  const ability = target === "unallocated" ? "drop what no Service has" : "drop";
  test(`${title} is silence`, { skip: subject.inability[ability] ?? false }, async () => {
    assert.equal((await connect()).kind, "silence");
  });
}

/** Of three endpoints one is missed by so many connections once in 10¹⁰ times. */
const maxConnections = 60;
/** As many more, so that somebody who should not be met may be. */
const minConnections = 6;

/** Connects until as many as wanted were met. Of a connection that is not answered the kind is told. */
async function endpointsMet(
  connect: () => Promise<Outcome>,
  count: number,
  family: IPFamily,
): Promise<readonly string[]> {
  const { podA, podB, remotePod, node } = addressesOf[family];
  const names: Readonly<Record<string, string>> = {
    [podA]: "A",
    [podB]: "B",
    [remotePod]: "remote",
    [node]: "node",
  };
  const met = new Set<string>();
  for (let i = 0; i < maxConnections && (met.size < count || i < minConnections); i++) {
    const outcome = await connect();
    met.add(outcome.kind === "answered" ? (names[outcome.endpoint] ?? outcome.endpoint) : outcome.kind);
  }
  return [...met].sort();
}
