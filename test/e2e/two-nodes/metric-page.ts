/** What `/metrics` says on a node. */

import type { NodeName } from "./addresses.ts";
import type { Laboratory } from "./laboratory.ts";

const page = "http://127.0.0.1:10249/metrics";

export async function metricPage(laboratory: Laboratory, node: NodeName): Promise<string> {
  const answer = await laboratory.get(node, page);
  if (answer?.status !== 200) throw new Error(`${page} on ${node}: ${answer?.status ?? "no answer"}`);
  return answer.body;
}

/** The sum of all series with this name and these labels (`name="value"`); 0 when there is none. */
export function metricValue(text: string, name: string, ...labels: readonly string[]): number {
  const series = text
    .split("\n")
    .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter(line => labels.every(label => line.includes(label)));
  return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}
