/** What may happen in a cluster, in small: for tests that ask the same before and after. */

import type { ClusterStore } from "../../../src/cluster/store.ts";
import * as fixtures from "../../support/cluster-fixtures.ts";
import { put } from "./answering.ts";

const slice = (name: string, addresses: readonly string[], ready = true) =>
  fixtures.endpointSlice("shop", name, {
    ports: ["http 8080"],
    endpoints: addresses.map((address, index) => ({
      addresses: [address],
      ready: ready || index > 0,
      podName: `${name}-${index}`,
      zone: index % 2 === 0 ? "zone-a" : "zone-b",
      ...(index === 0 ? { hostname: `${name}-0` } : {}),
    })),
  });
const many = Array.from({ length: 40 }, (_, index) => `10.1.4.${index}`);

/** By what they change; each is another state of one object, or takes it away. */
export const changes: Readonly<Record<string, (store: ClusterStore) => void>> = {
  "a namespace": store => put(store, fixtures.namespace("nowhere")),
  "no namespace": store => store.remove("Namespace", "nowhere"),
  "no shop": store => store.remove("Namespace", "shop"),
  shop: store => put(store, fixtures.namespace("shop")),
  "a cluster IP": store =>
    put(
      store,
      fixtures.service("shop", "web", {
        clusterIPs: ["10.96.0.1", "2001:db8::a"],
        ports: ["http 80"],
        externalIPs: ["198.51.100.1"],
      }),
    ),
  "another cluster IP": store =>
    put(
      store,
      fixtures.service("shop", "web", {
        clusterIPs: ["10.96.0.2"],
        ports: ["http 80", "admin 81"],
        loadBalancerIPs: ["198.51.100.2"],
      }),
    ),
  "no Service": store => store.remove("Service", "shop/web"),
  "a headless Service": store =>
    put(store, fixtures.service("shop", "db", { clusterIPs: ["None"], ports: ["http 80"] })),
  "no headless Service": store => store.remove("Service", "shop/db"),
  "a name that was missing": store =>
    put(
      store,
      fixtures.service("shop", "nobody", { clusterIPs: ["10.96.0.9"], externalIPs: ["198.51.100.9"] }),
    ),
  "a missing name": store => store.remove("Service", "shop/nobody"),
  "an alias outside": store => put(store, fixtures.externalNameService("shop", "away", "www.example.net")),
  "an alias inside": store =>
    put(store, fixtures.externalNameService("shop", "away", "db.shop.svc.cluster.local")),
  "an alias of a neighbour": store =>
    put(store, fixtures.externalNameService("shop", "near", "web.shop.svc.cluster.local")),
  endpoints: store => put(store, slice("db", ["10.1.0.1", "10.1.0.2", "10.1.0.3"])),
  "fewer endpoints": store => put(store, slice("db", ["10.1.0.2", "10.1.0.1"], false)),
  "many endpoints": store => put(store, slice("db", many)),
  "no endpoints": store => store.remove("EndpointSlice", "shop/db-x7k2p"),
  "endpoints of another": store => put(store, slice("web", ["10.1.0.1", "10.9.9.9"])),
  "a Pod": store => put(store, fixtures.pod("shop", "db-0", { podIPs: ["10.1.0.1"] })),
  "an ended Pod": store =>
    put(store, fixtures.pod("shop", "db-0", { podIPs: ["10.1.0.1"], phase: "Failed" })),
  "no Pod": store => store.remove("Pod", "shop/db-0"),
  "an import": store =>
    put(store, fixtures.serviceImport("shop", "db", { type: "Headless", ports: ["http 80"] })),
  "no import": store => store.remove("ServiceImport", "shop/db"),
  "endpoints of an import": store =>
    put(
      store,
      fixtures.importedSlice("shop", "db", "east", {
        ports: ["http 80"],
        endpoints: ["10.7.0.1", "10.7.0.2"],
      }),
    ),
};
