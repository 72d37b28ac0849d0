/** What a server says of its Corefile: what it does without is logged, what it cannot do without ends the start. */

import type { Logger } from "pino";
import type { Finding } from "../dns/corefile/finding.ts";
import { ConfigurationError } from "./configuration-error.ts";

/** Logs what the server goes on without. Throws ConfigurationError when something else is wrong. */
export function reportFindings(findings: readonly Finding[], log: Logger): void {
  const [first, ...others] = findings.filter(({ isTolerated }) => !isTolerated);
  if (first !== undefined) {
    const remedy =
      others.length === 0 ? first.remedy : "frontdesk check has the remedies, and finds the rest";
    throw new ConfigurationError([first, ...others].map(formatFinding), remedy);
  }
  for (const finding of findings) log.warn(`${formatFinding(finding)}; ${finding.remedy}`);
}

function formatFinding({ at, what }: Finding): string {
  return `${at.file}:${at.line}:${at.column}: ${what}`;
}
