/** `frontdesk check`: what is wrong with a configuration, before a server meets it. Opens no socket. */

import { readFileSync } from "node:fs";
import type { CorefilePlan } from "../dns/corefile/plan.ts";
import { schemePorts } from "../dns/corefile/server-key.ts";
import type { Plugin } from "../dns/plugins/plugin.ts";
import { checkProxyConfiguration, isProxyConfiguration } from "../proxy/configuration/configuration-file.ts";
import { explainBlock } from "./check-explanation.ts";
import type { CheckReport } from "./check-report.ts";
import { formatCheckReport } from "./check-report.ts";
import { loadText } from "./corefile-source.ts";
import { outputForms } from "./up-report-format.ts";
import type { Given, Verb } from "./verb.ts";
import { UsageError } from "./verb.ts";

export const checkVerb: Verb = {
  name: "check",
  summary: "Say what is wrong with a Corefile or a KubeProxyConfiguration, where, and what to do.",
  usage: "[--explain] [FLAGS] FILE…",
  notes: [
    "FILE is a Corefile; - reads standard input. What it imports is read too, nothing else is opened. Everything that",
    "CoreDNS would not start with is an error, also what frontdesk dns goes on without. A FILE may also be a",
    "KubeProxyConfiguration, as it is or in the ConfigMap of kubeadm; of these --explain says nothing.",
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
    throw new UsageError(
      "nothing to check",
      "name a Corefile or a KubeProxyConfiguration, or - for standard input",
    );
  const checked = files.map(file => checkText(file, readText(file)));
  const findings = checked.flatMap(({ findings }) => findings);
  const blocks = given.isSet("explain")
    ? checked.flatMap(({ blocks }) => blocks.map(explainBlock))
    : undefined;
  const text = formatCheckReport({ files, findings, blocks }, form);
  if (text !== "") process.stdout.write(`${text}\n`);
  return findings.some(({ severity }) => severity === "error") ? 1 : 0;
}

function checkText(
  file: string,
  text: string,
): Pick<CorefilePlan<Plugin>, "blocks"> & Pick<CheckReport, "findings"> {
  if (isProxyConfiguration(text)) return { findings: checkProxyConfiguration(text, file), blocks: [] };
  return loadText(file, text, schemePorts.dns).plan;
}

function readText(file: string): string {
  try {
    return readFileSync(file === "stdin" ? 0 : file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, "name a file that can be read");
  }
}
