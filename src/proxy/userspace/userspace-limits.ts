/** What users of Services notice when sockets serve them instead of rules of the kernel; to be told at start. */
export const userspaceLimits: readonly string[] = [
  "Endpoints see an address of this node as the source of every connection, also under externalTrafficPolicy: Local; NetworkPolicies that name clients do not fit any more.",
  "SCTP ports of Services are not served.",
  "A port on which a process of this node listens on all addresses (0.0.0.0 or ::) cannot be served on any, and the other way round.",
  "TCP connections that are to be dropped (source ranges, traffic policies without a local endpoint) are reset.",
  "An external or load-balancer address is this node's altogether: its other ports are refused. One in a network of this node's interfaces is served only if the node has it.",
  "Addresses that no Service has are not dropped: connections to them go where the routes lead.",
  "Pods are told from other clients by network only (ClusterCIDR, NodeCIDR), not by interface.",
  "Connections last as long as this process.",
];
