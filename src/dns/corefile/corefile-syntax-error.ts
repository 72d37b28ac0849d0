import type { FindingCode } from "./finding.ts";
import type { Place } from "./syntax.ts";

/** A Corefile whose structure cannot be made out; the only error that reading one throws. */
export class CorefileSyntaxError extends Error {
  override readonly name = "CorefileSyntaxError";
  readonly code: FindingCode;
  readonly at: Place;
  readonly what: string;
  readonly remedy: string;

  constructor(at: Place, what: string, remedy: string, code: FindingCode = "COREFILE_SYNTAX") {
    super(`${at.file}:${at.line}:${at.column}: ${what}`);
    this.code = code;
    this.at = at;
    this.what = what;
    this.remedy = remedy;
  }
}
