/** What `kubernetes` is to the other words of its server block: `autopath`, `k8s_external`, `transfer`. */

import type { Cluster } from "../../../cluster/store.ts";
import type { Name } from "../../wire/name.ts";
import type { ZoneOptions } from "../../zone/zone-query.ts";
import type { Layer } from "../plugin.ts";
import type { Query } from "../query.ts";

export interface KubernetesLayer extends Layer {
  readonly kind: "kubernetes";
  readonly cluster: Cluster;
  /** Zones, name modes and TTL as the Corefile has them. */
  readonly options: ZoneOptions;
  /**
   * The search list of the Pod that asks: what a name may have been lengthened with, in the order in which its resolver
   * tries them; the empty name at the end stands for the name as it is. Undefined when the name is in none of the
   * zones, and unless Pods are verified and the client is one.
   */
  searchPath(query: Pick<Query, "name" | "client">): readonly Name[] | undefined;
}

/** `chain.members.map(({ layer }) => layer).find(isKubernetesLayer)` */
export function isKubernetesLayer(layer: Layer): layer is KubernetesLayer {
  return "kind" in layer && layer.kind === "kubernetes";
}
