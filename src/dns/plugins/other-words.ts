/**
 * Words of other Corefiles: plugins of CoreDNS that are not offered here, plugins it once had, and plugins that people
 * build into a CoreDNS of their own. What decides who may see what cannot be left out in silence.
 */

import type { OtherWords } from "../corefile/unknown-word.ts";

/** Plugins of CoreDNS 1.14. */
const ofCoreDns = {
  auto: "name each zone file with file",
  azure: "transfer the zones into zone files and serve these with file",
  cancel: "remove it: forward has time limits of its own",
  clouddns: "transfer the zones into zone files and serve these with file",
  dnssec: "remove it: answers go out unsigned",
  dnstap: "remove it and use log",
  etcd: "serve the records with hosts or file",
  geoip: "remove it, and what refers to its metadata",
  grpc: "use forward; tls:// encrypts queries to an upstream",
  grpc_server: "remove it and serve dns://, tls:// or https://",
  https3: "remove it and serve https://",
  nomad: "run it in a CoreDNS of its own, and forward its domain there",
  ocp_dnsnameresolver: "remove it: it only watches names for OpenShift's firewall",
  on: "remove it: commands belong into the init container or a Pod's life-cycle hooks",
  pprof: "remove it: /metrics tells of time and memory",
  quic: "remove it and serve tls:// or https://",
  route53:
    "transfer the zones into zone files and serve these with file, or forward their domains to the VPC resolver",
  secondary: "forward the zone to its primary servers, or serve a copy with file",
  shed: "remove it: queries are taken in batches, and refused beyond max_concurrent of forward",
  sign: "sign the zone file before it is served with file",
  trace: "remove it and use log",
} as const;

/** Plugins that other people offer. */
const ofOthers = {
  ads: "put the names into hosts, with 0.0.0.0 as their address",
  alias: "write the addresses, or a CNAME record, into the zone",
  alternate: "write several forward directives, the first with next and the rcodes to go on at",
  bogus: "remove it",
  dnsredir: "write one forward directive for each domain",
  docker: "put the names of the containers into hosts",
  dump: "use log",
  dyndns: "serve the zone with file, which is read again when it changes",
  ens: "forward the zone to a resolver for it",
  example: "remove it",
  fanout: "use forward with several servers; policy and max_fails choose among them",
  finalize: "remove it",
  forwardcrd: "write one forward directive for each domain",
  gathersrv: "remove it",
  git: "fetch the zone files with a side container and serve them with file",
  ipecho: "use template, or whoami",
  ipin: "use template with a match for the address in the name",
  k8s_crd: "serve the records with hosts or file",
  k8s_event: "remove it: errors are in the log",
  k8s_gateway: "use k8s_external for Services; names of Ingresses and Gateways go into hosts",
  k8s_dns_chaos: "use template with rcode for names that shall fail",
  kubenodes: "put the nodes into hosts",
  kubernetai: "use one kubernetes directive in a server block for each cluster",
  lighthouse: "use multicluster of kubernetes with the ServiceImports of the clusterset",
  mdns: "put the names into hosts",
  meship: "remove it",
  multicluster: "use multicluster of kubernetes",
  mysql: "export the records into a zone file and serve it with file",
  netbox: "export the records into a zone file and serve it with file",
  pdsql: "export the records into a zone file and serve it with file",
  records: "put the records into a zone file and serve it with file",
  recursor: "use forward to a recursive resolver",
  redis: "export the records into a zone file and serve it with file",
  redisc: "use cache",
  rrl: "remove it: a cluster's DNS is not asked by strangers",
  split: "use one server block for each view, with bind on addresses of its own",
  tailscale: "put the names into hosts, or forward their domain to 100.100.100.100",
  unbound: "use forward to a recursive resolver",
  warnlist: "remove it",
  wgsd: "serve the peers' records with file",
} as const;

/** Plugins CoreDNS once had. */
const removed = {
  federation: "remove it: federated Services ended with Kubernetes 1.16",
  https_google: "use forward with https://8.8.8.8 as its upstream",
  proxy: "use forward: proxy . ADDRESS becomes forward . ADDRESS",
  reverse: "use template: its match takes the address out of the name",
  shutdown: "remove it: commands belong into a Pod's life-cycle hooks",
  startup: "remove it: commands belong into an init container",
  upstream: "remove it: targets of CNAME records are looked up without it",
} as const;

/** Left out, something would be shown to somebody who must not see it. */
const guards = {
  blocklist: "refuse the names with template and rcode NXDOMAIN, or their clients with acl",
  filter: "refuse the names with template and rcode NXDOMAIN, or their clients with acl",
  firewall: "refuse clients with acl",
  opa: "refuse clients with acl",
  policy: "refuse clients with acl",
  proxyproto: "let clients reach the server directly, or acl would see the address of the proxy",
  tsig: "refuse clients with acl: signatures are not checked here",
  view: "use one server block for each view, with bind on addresses of its own or acl against the others",
} as const;

function all(
  code: OtherWords[string]["code"],
  remedies: Readonly<Record<string, string>>,
): [string, OtherWords[string]][] {
  return Object.entries(remedies).map(([word, remedy]) => [word, { code, remedy }]);
}

export const others: OtherWords = Object.fromEntries([
  ...all("COREFILE_NOT_OFFERED", ofCoreDns),
  ...all("COREFILE_UNKNOWN_PLUGIN", ofOthers),
  ...all("COREFILE_REMOVED_PLUGIN", removed),
  ...all("COREFILE_UNSAFE_TO_IGNORE", guards),
]);
