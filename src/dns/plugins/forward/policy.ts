/** In which order upstreams are tried. */

export const policyNames = ["random", "round_robin", "sequential"] as const;
export type PolicyName = (typeof policyNames)[number];

/** The same upstreams in the order in which one query tries them. */
export type Policy = <Upstream>(upstreams: readonly Upstream[]) => readonly Upstream[];

/** `random` gives numbers in [0, 1). */
export function policyOf(name: PolicyName, random: () => number): Policy {
  switch (name) {
    case "random":
      return upstreams => shuffled(upstreams, random);
    case "round_robin":
      return roundRobin();
    case "sequential":
      return upstreams => upstreams;
  }
}

/** Fisher–Yates. */
function shuffled<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  if (items.length < 2) return items;
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const chosen = Math.floor(random() * (last + 1));
    [order[last], order[chosen]] = [order[chosen], order[last]] as [Item, Item];
  }
  return order;
}

/** Each query begins one further, the first at the second; the others follow as written, not rotated. */
function roundRobin(): Policy {
  let turn = 0;
  return upstreams => {
    if (upstreams.length < 2) return upstreams;
    turn += 1;
    const first = turn % upstreams.length;
    return [...upstreams.slice(first, first + 1), ...upstreams.toSpliced(first, 1)];
  };
}
