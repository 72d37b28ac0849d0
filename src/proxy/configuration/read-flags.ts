/** Flags become the fields that a file would have: from there on both go one way. */

import type { FieldPath } from "./field-places.ts";
import type { ConfigurationFlag } from "./flags.ts";
import { configurationFlags } from "./flags.ts";

/** The flags of one command line. */
export interface GivenFlags {
  text(name: string): string | undefined;
  /** Undefined for a switch that is not there. */
  switched(name: string): boolean | undefined;
}

/** A KubeProxyConfiguration as somebody would have written it. */
export function fieldsOf(flags: readonly ConfigurationFlag[], given: GivenFlags): Record<string, unknown> {
  const fields: Tree = {};
  const mode = given.text("proxy-mode");
  for (const flag of flags) {
    const value = readingOf(flag, given);
    if (flag.field !== undefined && value !== undefined) plant(fields, sectionFor(flag.field, mode), value);
  }
  return fields;
}

/** Those that are on the command line. */
export function givenFlags(given: GivenFlags): readonly ConfigurationFlag[] {
  return configurationFlags.filter(flag => readingOf(flag, given) !== undefined);
}

/** The flag that sets a field, or the list or mapping around it. */
export function flagOf(path: FieldPath, mode: string | undefined): ConfigurationFlag | undefined {
  return configurationFlags.find(
    ({ field }) => field !== undefined && sectionFor(field, mode).every((key, index) => path[index] === key),
  );
}

interface Tree {
  [key: string]: unknown;
}

function readingOf({ name, reading }: ConfigurationFlag, given: GivenFlags): unknown {
  if (reading === "switch") return given.switched(name);
  const text = given.text(name);
  if (text === undefined || reading === "text") return text;
  if (reading === "list") return text.split(",");
  if (reading === "gates") return Object.fromEntries(text.split(",").map(gateOf));
  if (reading === "modules") return text.split(",").map(moduleOf);
  // What is no number stays text, so that the check of types says so.
  return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** `NAME=BOOL`. */
function gateOf(text: string): [name: string, isOn: boolean] {
  const [name = "", value = ""] = text.split("=");
  return [name.trim(), !/^\s*(?:0|f|false)\s*$/i.test(value)];
}

/** `PATTERN=N`. */
function moduleOf(text: string) {
  const [filePattern = "", verbosity] = text.split("=");
  return { filePattern, verbosity: Number(verbosity) || 0 };
}

/** `--masquerade-all` and the sync periods are those of nftables when that is the mode. */
function sectionFor(field: FieldPath, mode: string | undefined): FieldPath {
  const [section, name] = field;
  const isShared = name === "masqueradeAll" || name === "syncPeriod" || name === "minSyncPeriod";
  return mode === "nftables" && section === "iptables" && isShared ? ["nftables", name] : field;
}

function plant(tree: Tree, path: FieldPath, value: unknown): void {
  let at = tree;
  for (const key of path.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Tree;
  }
  at[String(path.at(-1))] = value;
}
