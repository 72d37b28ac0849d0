/** A configuration that cannot be used as it is: a line for each thing that is wrong. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  readonly what: string;
  readonly remedy: string;
  /** Bad configuration. */
  readonly exitCode = 2;

  constructor(lines: readonly string[], remedy: string) {
    super(lines.join("; "));
    this.what = lines.join("\n  ");
    this.remedy = remedy;
  }
}
