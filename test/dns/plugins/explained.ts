import assert from "node:assert/strict";
import { parseCorefile } from "../../../src/dns/corefile/parse.ts";
import { planCorefile } from "../../../src/dns/corefile/plan.ts";
import type { Plugin } from "../../../src/dns/plugins/plugin.ts";

/** What the plugins of a Corefile with one server block say of their configuration. */
export function explained(corefile: string, plugins: readonly Plugin[]): readonly string[] {
  const files = { read: () => undefined, glob: () => [] };
  const blocks = parseCorefile({ file: "Corefile", text: corefile, files, environment: {} });
  const { blocks: plans } = planCorefile(blocks, { plugins, others: {} });
  assert.equal(plans.length, 1);
  return plans.flatMap(({ entries }) => entries.flatMap(({ plugin, config }) => plugin.explain(config)));
}
