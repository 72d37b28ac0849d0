/** Search lists: what a resolver appends to a name before it asks. */

import { readFile } from "node:fs/promises";
import type { Name } from "../../wire/name.ts";
import { lowerName, parseName } from "../../wire/name.ts";

/** What the kubelet writes into a Pod's resolv.conf, this server's own list, and the name as it is. */
export function podSearchList(namespace: string, zone: Name, own: readonly Name[]): readonly Name[] {
  return [[namespace, "svc", ...zone], ["svc", ...zone], zone, ...own, []];
}

/** `search` of a resolv.conf, or its older form `domain`; the last line counts. Empty for a file that cannot be read. */
export async function readSearchList(file: string): Promise<readonly Name[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  const lines = text.split("\n").map(line => line.trim().split(/\s+/));
  const [, ...domains] = lines.findLast(([word]) => word === "search" || word === "domain") ?? [];
  return domains.flatMap(domain => {
    try {
      return [lowerName(parseName(domain))];
    } catch {
      return [];
    }
  });
}
