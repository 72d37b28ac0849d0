/** What changed in the report of `up` since it was printed, as log lines: how to reach what is new, and what is gone. */

import type { Logger } from "pino";
import type { ReportRow } from "./up-report.ts";
import { cellsOf } from "./up-report-format.ts";

/** Changes that come together are told together. */
const collectMs = 100;
/** Beyond this many lines at once nobody reads; the rest is counted. */
const maxLines = 20;

export interface ReportFollowerOptions {
  /** What the user has seen. */
  readonly printed: readonly ReportRow[];
  /** Resolves when sockets are in line with what changed. */
  readonly settled: () => Promise<unknown>;
  /** The rows as they are now. */
  readonly rows: () => readonly ReportRow[];
  readonly log: Logger;
}

export class ReportFollower {
  readonly #options: ReportFollowerOptions;
  #known: ReadonlyMap<string, string>;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ReportFollowerOptions) {
    this.#options = options;
    this.#known = textByKey(options.printed);
  }

  /** To be called after any change; what comes of it is logged soon. */
  changed(): void {
    if (this.#isStopped) return;
    this.#timer ??= setTimeout(async () => {
      await this.#options.settled();
      this.#timer = undefined;
      if (!this.#isStopped) this.#tell();
    }, collectMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #tell(): void {
    const { rows, log } = this.#options;
    const before = this.#known;
    this.#known = textByKey(rows());
    const news = [...this.#known].filter(([key, text]) => before.get(key) !== text).map(([, text]) => text);
    const gone = [...before.keys()].filter(key => !this.#known.has(key)).map(key => `${key}  gone`);
    const lines = [...news, ...gone];
    for (const line of lines.slice(0, maxLines)) log.info(line);
    if (lines.length > maxLines) log.info(`and ${lines.length - maxLines} changes more`);
  }
}

/** What a row is about → the whole row. */
function textByKey(rows: readonly ReportRow[]): ReadonlyMap<string, string> {
  return new Map(
    rows.map(row => {
      const cells = cellsOf(row).filter(cell => cell !== "");
      return [cells.slice(0, -1).join("  "), cells.join("  ")];
    }),
  );
}
