/** How many replies are ready, and which: memory has an upper bound, and what is asked for most stays. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Provenance } from "../../../src/dns/plugins/provenance.ts";
import { PlainQuery } from "../../../src/dns/server/plain-query.ts";
import { PreparedAnswer } from "../../../src/dns/server/prepared-answer.ts";
import { PreparedAnswers } from "../../../src/dns/server/prepared-answers.ts";
import { buildQuery } from "../../support/dns-client-query.ts";

const none = { shuffles: [], ttlsAt: [], tallies: [], hearers: [], first: undefined, cut: undefined };

/** As `AnswerShortcut` does it: true when the reply was ready. */
function ask(answers: PreparedAnswers, query: PlainQuery, octets: Buffer): boolean {
  assert.ok(query.read(octets, 0, octets.length));
  if (answers.find(query.hash) !== undefined) return true;
  if (answers.isAskedAgain(query.hash)) {
    const parts = { ...none, octets: octets.toString("latin1"), provenance: new Provenance() };
    answers.put(query.hash, new PreparedAnswer(query, { ...parts, serialAt: 0, rcode: 0 }));
  }
  return false;
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

test("a million names that are asked for twice take no more than their memory, and leave be what is asked for all the time", () => {
  const answers = new PreparedAnswers();
  const query = new PlainQuery(answers.nextSeed());
  const popular = Array.from({ length: 100 }, (_, index) =>
    buildQuery(`web-${index}.shop.svc.cluster.local. A`),
  );
  // Two of them may share a place among those that were asked once.
  for (const octets of popular) while (!ask(answers, query, octets));
  const before = heapBytes();
  const octets = buildQuery("aaaaaaa.shop.svc.cluster.local. A");
  for (let index = 0; index < 1_000_000; index++) {
    for (let at = 13, rest = index; at < 20; at++, rest = Math.floor(rest / 26))
      octets[at] = 0x61 + (rest % 26);
    ask(answers, query, octets);
    ask(answers, query, octets);
    const again = popular[index % popular.length] as Buffer;
    assert.ok(ask(answers, query, again), "a popular name has been driven out");
  }
  assert.ok(answers.size > 20_000 && answers.size < 40_000, `${answers.size} replies are ready`);
  const takenMiB = (heapBytes() - before) / 2 ** 20;
  assert.ok(takenMiB < 26, `${takenMiB} MiB are taken`);
});
