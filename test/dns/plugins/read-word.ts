import assert from "node:assert/strict";
import { parseCorefile } from "../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../src/dns/corefile/plan.ts";
import type { Plugin } from "../../../src/dns/plugins/plugin.ts";

export interface ReadWord {
  /** Undefined when it cannot be used. */
  readonly config: unknown;
  /** What `check --explain` says. */
  readonly sentences: readonly string[];
  /** `LINE:COLUMN CODE`; the first line of the directive is 2. */
  readonly findings: readonly string[];
}

/** Reads one plugin's directives, as they stand in a server block. */
export function readWord(plugin: Plugin, directives: string): ReadWord {
  const files = { read: () => undefined, glob: () => [] };
  const text = `. {\n${directives}\n}\n`;
  const blocks = parseCorefile({ file: "Corefile", text, files, environment: {} });
  const { blocks: plans, findings } = planCorefile(blocks, { plugins: [plugin], others: {} });
  assert.equal(plans.length, 1);
  const config = plans[0]?.entries[0]?.config;
  return {
    config,
    sentences: config === undefined ? [] : plugin.explain(config),
    findings: findings.map(({ at, code }) => `${at.line}:${at.column} ${code}`),
  };
}
