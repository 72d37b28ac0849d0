/** Pieces of `frontdesk dns` by themselves, in this process: what one run of each takes, for finding out where time goes. */

import { formatTable } from "../../../src/cli/table.ts";
import { describeMachine } from "../machine.ts";
import { microCases } from "./micro-cases.ts";
import { time } from "./samples.ts";

export const microUsage = `npm run bench -- micro   parse, key, hit, miss, encode, event to zone; nanoseconds each
  WORD …                 only those whose names have one of these words`;

export async function benchMicro(words: readonly string[]): Promise<void> {
  const all = await microCases();
  const wanted = all.filter(({ name }) => words.length === 0 || words.some(word => name.includes(word)));
  const rows = wanted.map(({ name, work }) => {
    const { medianNs, lowNs, highNs } = time(work);
    const perSecond = Math.round(1e9 / medianNs)
      .toLocaleString("en")
      .replaceAll(",", " ");
    return [name, `${medianNs.toFixed(0)} ns`, `${lowNs.toFixed(0)}–${highNs.toFixed(0)}`, perSecond];
  });
  const header = ["", "median", "10 %–90 %", "per second"];
  process.stdout.write(`${describeMachine()}\n${formatTable(header, rows)}\n`);
}
