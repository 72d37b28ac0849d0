/** One file of records, for one zone or several, read again when it changes. */

import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { Logger } from "pino";
import type { Place } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";
import { formatName } from "../../wire/name.ts";
import { typeCodes } from "../../wire/record.ts";
import { type PlacedRecord, parseZone } from "../../zone-text/parse-zone.ts";
import { ZoneTextError } from "../../zone-text/zone-text-error.ts";
import { PluginStartError } from "../plugin.ts";
import { type RereadFile, rereadFile } from "../reread-file.ts";
import { buildZoneTree, typeCodeOfData, type ZoneTree } from "./zone-tree.ts";

export interface ZoneFileOptions {
  readonly path: string;
  /** Zones that the same text is read for, lower case. */
  readonly origins: readonly Name[];
  /** 0: the file is read once. */
  readonly reloadMs: number;
  /** Where the Corefile names the file. */
  readonly at: Place;
  readonly log: Logger;
  readonly onChange: (zone: Name) => void;
}

export class ZoneFile {
  readonly #options: ZoneFileOptions;
  readonly #trees = new Map<Name, ZoneTree>();
  readonly #readings: RereadFile[] = [];
  /** Files that $INCLUDE has named: a change of theirs is a change of this one. */
  readonly #included = new Set<string>();
  #text = "";
  #startError: Error | undefined;
  #hasStarted = false;
  #isClosed = false;

  constructor(options: ZoneFileOptions) {
    this.#options = options;
  }

  /**
   * Reads the file. Throws PluginStartError for text that is no zone, and where the file cannot be read and would not be
   * tried again.
   */
  async start(): Promise<void> {
    await this.#watch(this.#options.path, text => this.#load(text));
    this.#hasStarted = true;
    if (this.#startError === undefined) return;
    this.close();
    throw this.#startError;
  }

  /** `origin` is one of the options' own. Undefined while the file could not be read. */
  tree(origin: Name): ZoneTree | undefined {
    return this.#trees.get(origin);
  }

  close(): void {
    this.#isClosed = true;
    for (const reading of this.#readings) reading.close();
  }

  async #watch(path: string, onText: (text: string) => void): Promise<void> {
    const { reloadMs } = this.#options;
    const reading = await rereadFile(path, reloadMs, { onText, onError: error => this.#unreadable(error) });
    this.#readings.push(reading);
    if (this.#isClosed) reading.close();
  }

  #unreadable(error: Error): void {
    const { log, reloadMs, at } = this.#options;
    if (this.#hasStarted || reloadMs > 0) {
      log.warn(`${error.message}; trying again every ${reloadMs / 1000} s`);
    } else {
      const remedy = "correct the name, or make the file readable";
      this.#startError = new PluginStartError(
        at,
        `the zone file cannot be read: ${error.message}`,
        remedy,
        error,
      );
    }
  }

  #load(text: string): void {
    this.#text = text;
    const { origins, at, log } = this.#options;
    for (const origin of origins) {
      try {
        this.#replace(origin, this.#read(origin));
      } catch (error) {
        if (!(error instanceof ZoneTextError)) throw error;
        if (this.#hasStarted) log.error(`${error.message}; ${error.remedy}. The zone stays as it was`);
        else this.#startError ??= new PluginStartError(at, error.message, error.remedy, error);
      }
    }
  }

  /** Throws ZoneTextError. */
  #read(origin: Name): ZoneTree {
    const { path, log } = this.#options;
    const include = (name: string, from: string) =>
      this.#include(isAbsolute(name) ? name : join(dirname(from), name));
    const placed = parseZone(this.#text, { origin, file: path, include });
    const records = placed.map(({ record }) => record);
    refuseHashedDenial(placed);
    const { tree, strangers } = buildZoneTree(records, origin);
    if (tree === undefined) {
      const place = { file: path, line: 1, column: 1 };
      throw new ZoneTextError(place, `there is no SOA record for ${formatName(origin)}`, "write one");
    }
    if (strangers[0] !== undefined) {
      const example = formatName(strangers[0].name);
      log.warn(
        `${path}: ${strangers.length} records lie outside ${formatName(origin)}, such as ${example}; they are left out`,
      );
    }
    return tree;
  }

  #include(path: string): { file: string; text: string } | undefined {
    try {
      const text = readFileSync(path, "utf8");
      if (!this.#included.has(path)) this.#watchIncluded(path);
      return { file: path, text };
    } catch {
      return undefined;
    }
  }

  #watchIncluded(path: string): void {
    this.#included.add(path);
    let isFirst = true;
    void this.#watch(path, () => {
      if (!isFirst) this.#load(this.#text);
      isFirst = false;
    });
  }

  /** A zone whose serial is the old one is the old zone (RFC 1035 §3.3.13), as CoreDNS takes it. */
  #replace(origin: Name, tree: ZoneTree): void {
    const { path, log, onChange } = this.#options;
    const before = this.#trees.get(origin);
    if (before?.serial === tree.serial) {
      log.warn(
        `${path} has changed but its SOA serial is still ${tree.serial}: zone ${formatName(origin)} stays as it was`,
      );
      return;
    }
    this.#trees.set(origin, tree);
    if (!this.#hasStarted) return;
    log.info(`zone ${formatName(origin)} is read from ${path}, serial ${tree.serial}`);
    onChange(origin);
  }
}

/** RFC 5155: denials by hash would have to be computed for each query. */
function refuseHashedDenial(placed: readonly PlacedRecord[]): void {
  for (const { record, at } of placed) {
    const code = typeCodeOfData(record.data);
    if (code !== typeCodes.NSEC3 && code !== typeCodes.NSEC3PARAM) continue;
    throw new ZoneTextError(at, "zones signed with NSEC3 cannot be served", "sign the zone with NSEC");
  }
}
