/** What a server says of its Corefile: what it does without is logged, what it cannot do without ends the start. */

import type { Logger } from "pino";
import type { Finding } from "../dns/corefile/finding.ts";

/** A Corefile that cannot be used as it is. */
class CorefileError extends Error {
  override readonly name = "CorefileError";
  readonly what: string;
  readonly remedy: string;
  /** Bad configuration. */
  readonly exitCode = 2;

  constructor([first, ...others]: readonly [Finding, ...Finding[]]) {
    const lines = [first, ...others].map(formatFinding);
    super(lines.join("; "));
    this.what = lines.join("\n  ");
    this.remedy = others.length === 0 ? first.remedy : "frontdesk check has the remedies, and finds the rest";
  }
}

/** Logs what the server goes on without. Throws CorefileError when something else is wrong. */
export function reportFindings(findings: readonly Finding[], log: Logger): void {
  const [first, ...others] = findings.filter(({ isTolerated }) => !isTolerated);
  if (first !== undefined) throw new CorefileError([first, ...others]);
  for (const finding of findings) log.warn(`${formatFinding(finding)}; ${finding.remedy}`);
}

function formatFinding({ at, what }: Finding): string {
  return `${at.file}:${at.line}:${at.column}: ${what}`;
}
