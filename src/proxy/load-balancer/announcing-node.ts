import { hash } from "node:crypto";

/**
 * The one of these nodes that answers for an address: rendezvous hashing, so that everybody who knows the same nodes
 * comes to the same answer, and a node that comes or goes moves no addresses but those it gets or had.
 */
export function announcingNode(address: string, nodeNames: Iterable<string>): string | undefined {
  let chosen: string | undefined;
  let highest = "";
  for (const name of nodeNames) {
    const weight = hash("sha256", `${address} ${name}`);
    if (weight > highest) [highest, chosen] = [weight, name];
  }
  return chosen;
}
