/** Where the API server has the objects of each kind. */

import type { Kind } from "../objects.ts";

interface Collection {
  readonly root: string;
  readonly resource: string;
  /** Where the kind comes from when not every cluster has it. */
  readonly definition?: string;
}

export const collections: { readonly [K in Kind]: Collection } = {
  Namespace: { root: "/api/v1", resource: "namespaces" },
  Service: { root: "/api/v1", resource: "services" },
  EndpointSlice: { root: "/apis/discovery.k8s.io/v1", resource: "endpointslices" },
  Pod: { root: "/api/v1", resource: "pods" },
  Node: { root: "/api/v1", resource: "nodes" },
  ServiceImport: {
    root: "/apis/multicluster.x-k8s.io/v1alpha1",
    resource: "serviceimports",
    definition: "the CustomResourceDefinitions of the Multi-Cluster Services API",
  },
  ServiceCIDR: {
    root: "/apis/networking.k8s.io/v1",
    resource: "servicecidrs",
    definition: "Kubernetes 1.33 or newer",
  },
};
