/**
 * What a proxy back end is told: every fact that connections to one Service port depend on, decided for this node.
 *
 * Data only. `plan-service.ts` makes it, `verdict.ts` says what it means for a connection.
 */

import type { IPFamily, Protocol, TrafficPolicy } from "../../cluster/objects.ts";

/** Where a connection may be carried to. */
export interface UsableEndpoint {
  readonly address: string;
  /** From the slice: a Service's `targetPort` is never read here. */
  readonly port: number;
  /** Undefined for an endpoint that was written by hand. */
  readonly podName: string | undefined;
  /** On this node. */
  readonly isLocal: boolean;
}

/** One Service port in one address family. All addresses are of that family and spelled canonically. */
export interface ServicePortPlan {
  /** `namespace/name:portname/protocol`; with the family, unique in the cluster. */
  readonly key: string;
  readonly namespace: string;
  readonly serviceName: string;
  /** "" for an unnamed port. */
  readonly portName: string;
  readonly protocol: Protocol;
  readonly family: IPFamily;
  readonly clusterIP: string;
  /** Of the cluster IP, the external IPs and the load balancer's. */
  readonly port: number;
  readonly externalIPs: readonly string[];
  /** Without those of a balancer that is a proxy of its own (KEP-1860). */
  readonly loadBalancerIPs: readonly string[];
  /** 0: none. */
  readonly nodePort: number;
  /** Networks that may reach the load balancer's addresses, none inside another; undefined: everybody may. */
  readonly loadBalancerSources: readonly string[] | undefined;
  readonly internalPolicy: TrafficPolicy;
  /** "Local" only on a Service that its type opens to the outside. */
  readonly externalPolicy: TrafficPolicy;
  /** Endpoints of every node; empty also where no way in uses this list. */
  readonly clusterEndpoints: readonly UsableEndpoint[];
  /** Endpoints of this node; empty also where no way in uses this list. */
  readonly localEndpoints: readonly UsableEndpoint[];
  /** Some endpoint on some node could take connections; false: they are rejected, not dropped. */
  readonly hasEndpoints: boolean;
  /** Seconds a client stays with its endpoint after its last new connection; undefined without session affinity. */
  readonly affinityTimeoutSeconds: number | undefined;
  /** 0: none. */
  readonly healthCheckNodePort: number;
}

/** What the plan needs to know of the node it is made for. */
export interface NodeView {
  readonly name: string;
  /** Label `topology.kubernetes.io/zone`. */
  readonly zone: string | undefined;
  /** Its internal addresses: a source range that holds one admits the node itself. */
  readonly addresses: readonly string[];
}
