import type { ApiClient } from "../api-client.ts";

/** Names that a cluster's Services have, fully qualified. */
export interface ClusterNames {
  readonly clusterIP: readonly string[];
  /** Of headless Services that have endpoints. */
  readonly headless: readonly string[];
}

interface Listed {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly namespace: string;
      readonly labels?: Readonly<Record<string, string>>;
    };
    readonly spec?: { readonly clusterIP?: string };
    readonly endpoints?: readonly object[] | null;
  }[];
}

/** At most so many of each kind. Throws when there is nothing to ask for. */
export async function readNames(client: ApiClient, maxCount: number): Promise<ClusterNames> {
  const services = (await client.send("GET", "/api/v1/services")) as Listed;
  const slices = (await client.send("GET", "/apis/discovery.k8s.io/v1/endpointslices")) as Listed;
  const filled = slices.items.filter(({ endpoints }) => (endpoints ?? []).length > 0);
  const withEndpoints = new Set(
    filled.map(
      ({ metadata: { namespace, labels } }) => `${labels?.["kubernetes.io/service-name"]}.${namespace}`,
    ),
  );
  const namesOf = (isWanted: (clusterIP: string, key: string) => boolean) => {
    const all = services.items.flatMap(({ metadata: { name, namespace }, spec }) => {
      const key = `${name}.${namespace}`;
      return isWanted(spec?.clusterIP ?? "", key) ? [`${key}.svc.cluster.local.`] : [];
    });
    return all.slice(0, maxCount);
  };
  const names = {
    clusterIP: namesOf(clusterIP => clusterIP !== "" && clusterIP !== "None"),
    headless: namesOf((clusterIP, key) => clusterIP === "None" && withEndpoints.has(key)),
  };
  if (names.clusterIP.length === 0 || names.headless.length === 0) {
    throw new Error("the cluster needs Services with a cluster IP, and headless ones with endpoints");
  }
  return names;
}
