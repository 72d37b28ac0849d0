/** `frontdesk check`: what is wrong with a Corefile, before a server meets it. Opens no socket. */

import { readFileSync } from "node:fs";
import { schemePorts } from "../dns/corefile/server-key.ts";
import { explainBlock } from "./check-explanation.ts";
import { formatCheckReport } from "./check-report.ts";
import { loadText } from "./corefile-source.ts";
import { outputForms } from "./up-report-format.ts";
import type { Given, Verb } from "./verb.ts";
import { UsageError } from "./verb.ts";

export const checkVerb: Verb = {
  name: "check",
  summary: "Say what is wrong with a Corefile, where, and what to do.",
  usage: "[--explain] [FLAGS] FILE…",
  notes: [
    "FILE is a Corefile; - reads standard input. What it imports is read too, nothing else is opened. Everything that",
    "CoreDNS would not start with is an error, also what frontdesk dns goes on without.",
    "Ends with 0 when there are warnings at most, with 1 when there are errors, with 2 when a file cannot be read.",
  ],
  flags: [
    {
      name: "explain",
      help: "say in sentences what the file makes the server do, in the order queries meet it",
    },
    {
      name: "output",
      short: "o",
      value: "FORM",
      default: "table",
      help: "form of the findings: table, plain or json",
    },
  ],
  run: async given => runCheck(given),
};

function runCheck(given: Given): number {
  const form = given.choice("output", outputForms);
  const files = given.positionals.map(name => (name === "-" || name === "stdin" ? "stdin" : name));
  if (files.length === 0)
    throw new UsageError("nothing to check", "name a Corefile, or - for standard input");
  const plans = files.map(file => loadText(file, readText(file), schemePorts.dns).plan);
  const findings = plans.flatMap(plan => plan.findings);
  const blocks = given.isSet("explain") ? plans.flatMap(plan => plan.blocks.map(explainBlock)) : undefined;
  const text = formatCheckReport({ files, findings, blocks }, form);
  if (text !== "") process.stdout.write(`${text}\n`);
  return findings.some(({ severity }) => severity === "error") ? 1 : 0;
}

function readText(file: string): string {
  try {
    return readFileSync(file === "stdin" ? 0 : file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, "name a file that can be read");
  }
}
