/** The checked-in list of what is scraped, as a table. */

import { readFileSync } from "node:fs";

export interface MetricContract {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** Upper edges of the buckets, without infinity. */
  readonly edges: readonly string[];
}

/** CoreDNS's metrics: names, types, labels and bucket edges. */
export const metricContracts: readonly MetricContract[] = readFileSync(
  new URL("coredns-metrics.txt", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter(line => line !== "" && !line.startsWith("#"))
  .map(line => {
    const [name = "", type = "", labels = "", edges = ""] = line.split(" ");
    return { name, type, labels: listOf(labels), edges: listOf(edges) };
  });

function listOf(text: string): string[] {
  return text === "-" ? [] : text.split(",");
}
