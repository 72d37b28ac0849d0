import type { Pod } from "../../objects.ts";

/** Finds the Pods of a namespace that a label selector matches, without looking at all of them. */
export interface PodIndex {
  /** Pods of every phase, in the order in which the index was given them. */
  matching(namespace: string, selector: Readonly<Record<string, string>>): readonly Pod[];
  inNamespace(namespace: string): readonly Pod[];
}

export function indexPods(pods: readonly Pod[]): PodIndex {
  const byNamespace = Map.groupBy(pods, pod => pod.namespace);
  const byLabel = new Map<string, Pod[]>();
  for (const pod of pods) {
    for (const [key, value] of Object.entries(pod.labels)) {
      const labelled = byLabel.get(`${pod.namespace}/${key}=${value}`);
      if (labelled === undefined) byLabel.set(`${pod.namespace}/${key}=${value}`, [pod]);
      else labelled.push(pod);
    }
  }
  return {
    inNamespace: namespace => byNamespace.get(namespace) ?? [],
    matching(namespace, selector) {
      const [first, ...others] = Object.entries(selector);
      if (first === undefined) return [];
      const candidates = byLabel.get(`${namespace}/${first[0]}=${first[1]}`) ?? [];
      return candidates.filter(pod => others.every(([key, value]) => pod.labels[key] === value));
    },
  };
}
