/** Options that are written, time and again, as if they were plugins: outside of the braces they belong into. */

/** By option, the plugins that have it; only words that mean one thing. */
const plugins: Readonly<Record<string, readonly string[]>> = {
  health: ["lameduck"],
  errors: ["stacktrace", "consolidate"],
  log: ["class"],
  kubernetes: [
    ...["pods", "endpoint", "kubeconfig", "namespaces", "labels", "namespace_labels", "endpoint_pod_names"],
    ...["noendpoints", "ignore", "resyncperiod", "apiserver"],
  ],
  "kubernetes, hosts or template": ["fallthrough"],
  "kubernetes or hosts": ["ttl"],
  hosts: ["no_reverse"],
  forward: [
    ...[
      "except",
      "force_tcp",
      "prefer_udp",
      "policy",
      "max_fails",
      "max_concurrent",
      "expire",
      "health_check",
    ],
    ...["tls_servername", "failover", "next", "max_connect_attempts"],
  ],
  cache: ["success", "denial", "prefetch", "serve_stale", "servfail", "disable", "keepttl"],
  template: ["answer", "match", "rcode", "authority", "additional"],
  transfer: ["to"],
  acl: ["allow", "block", "filter", "drop"],
};

const owners: ReadonlyMap<string, string> = new Map(
  Object.entries(plugins).flatMap(([owner, options]) => options.map(option => [option, owner] as const)),
);

/** The plugin, or plugins, whose option this word is. */
export function ownerOfOption(word: string): string | undefined {
  return owners.get(word);
}
