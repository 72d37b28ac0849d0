/** The one error of this folder: text that is not what RFC 1035 §5 calls a master file. */

/** A spot in a file of records; line and column (in characters) count from 1. */
export interface ZonePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export class ZoneTextError extends Error implements ZonePlace {
  override readonly name = "ZoneTextError";
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly remedy: string;

  constructor({ file, line, column }: ZonePlace, what: string, remedy: string) {
    super(`${file === "" ? "" : `${file}:`}${line}:${column}: ${what}`);
    this.file = file;
    this.line = line;
    this.column = column;
    this.what = what;
    this.remedy = remedy;
  }
}
