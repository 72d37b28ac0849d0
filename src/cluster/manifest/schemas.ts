/**
 * What is checked of each kind that is read: the fields we use, and no others.
 *
 * Field names and limits: Kubernetes API v1, apps/v1, batch/v1, discovery.k8s.io/v1. `null` has been taken out
 * before, as the API server does for fields.
 */

import * as z from "zod";
import { type EndpointSlice, familyOf } from "../objects.ts";
import {
  address,
  addressOr,
  addressRemedy,
  containerPortName,
  count,
  dnsLabel,
  dnsSubdomain,
  isCanonicalAddress,
  portList,
  portNumber,
  protocol,
} from "./field-checks.ts";
import { metadata, strings } from "./metadata-schema.ts";
import { service } from "./service-schema.ts";

const condition = z.looseObject({ type: z.string(), status: z.string() });

const container = z.looseObject({
  restartPolicy: z.string().optional(),
  ports: z
    .array(
      z.looseObject({
        name: containerPortName.optional(),
        containerPort: portNumber,
        protocol: protocol.optional(),
      }),
    )
    .optional(),
});

const podSpec = z.looseObject({
  containers: z.array(container).optional(),
  initContainers: z.array(container).optional(),
  nodeName: z.string().optional(),
  hostname: dnsLabel.optional(),
  subdomain: dnsLabel.optional(),
  hostNetwork: z.boolean().optional(),
});

const template = z.looseObject({
  metadata: z.looseObject({ labels: strings.optional() }).optional(),
  spec: podSpec,
});

const pod = z.looseObject({
  metadata: metadata(dnsSubdomain),
  spec: podSpec,
  status: z
    .looseObject({
      phase: z.enum(["Pending", "Running", "Succeeded", "Failed", "Unknown"]).optional(),
      podIP: addressOr("").optional(),
      podIPs: z.array(z.looseObject({ ip: address })).optional(),
      conditions: z.array(condition).optional(),
    })
    .optional(),
});

/** The spec of a workload whose selector must match its own template, as the API server has it. */
function selecting<S extends { readonly template: typeof template }>(shape: S) {
  const selector = z.looseObject({ matchLabels: strings.optional() }).optional();
  return z.looseObject({ ...shape, selector }).superRefine((spec, context) => {
    const { selector, template } = spec as unknown as SelectingSpec;
    const labels = template.metadata?.labels ?? {};
    const unmet = Object.entries(selector?.matchLabels ?? {}).filter(([key, value]) => labels[key] !== value);
    if (unmet.length === 0) return;
    const message = `do not match spec.selector.matchLabels: ${unmet.map(label => label.join("=")).join(",")}`;
    const remedy = "give the template every label that the selector asks for";
    const params = { code: "MANIFEST_FIELD_VALUE", remedy };
    context.addIssue({ code: "custom", path: ["template", "metadata", "labels"], message, params });
  });
}

interface SelectingSpec {
  readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  readonly template: z.infer<typeof template>;
}

const replicatedSpec = { replicas: count.optional(), template };
const replicatedStatus = z.looseObject({ replicas: count.optional(), readyReplicas: count.optional() });

const replicationController = z.looseObject({
  metadata: metadata(dnsSubdomain),
  spec: z.looseObject(replicatedSpec),
  status: replicatedStatus.optional(),
});

const replicated = replicationController.extend({ spec: selecting(replicatedSpec) });

const statefulSet = z.looseObject({
  metadata: metadata(dnsSubdomain),
  spec: selecting({
    ...replicatedSpec,
    serviceName: z.string().optional(),
    ordinals: z.looseObject({ start: count.optional() }).optional(),
  }),
  status: replicatedStatus.optional(),
});

const daemonSet = z.looseObject({
  metadata: metadata(dnsSubdomain),
  spec: selecting({ template }),
  status: z
    .looseObject({ desiredNumberScheduled: count.optional(), numberReady: count.optional() })
    .optional(),
});

const job = z.looseObject({
  metadata: metadata(dnsSubdomain),
  spec: z.looseObject({ parallelism: count.optional(), suspend: z.boolean().optional(), template }),
  status: z.looseObject({ conditions: z.array(condition).optional() }).optional(),
});

const targetReference = z.looseObject({
  kind: z.string().optional(),
  namespace: z.string().optional(),
  name: z.string().optional(),
});

const endpointPort = z.looseObject({
  name: z.string().optional(),
  protocol: protocol.optional(),
  port: portNumber.optional(),
});

const endpoint = {
  hostname: dnsLabel.optional(),
  nodeName: z.string().optional(),
  targetRef: targetReference.optional(),
};

const sliceEndpoint = z.looseObject({
  ...endpoint,
  addresses: z.array(z.string()).min(1),
  zone: z.string().optional(),
  conditions: z
    .looseObject({
      ready: z.boolean().optional(),
      serving: z.boolean().optional(),
      terminating: z.boolean().optional(),
    })
    .optional(),
});

const endpointSlice = z
  .looseObject({
    metadata: metadata(dnsSubdomain),
    addressType: z.enum(["IPv4", "IPv6", "FQDN"]),
    endpoints: z.array(sliceEndpoint).optional(),
    ports: portList(endpointPort).optional(),
  })
  .superRefine(({ addressType, endpoints = [] }, context) => {
    for (const [index, { addresses }] of endpoints.entries()) {
      const misfit = addresses.findIndex(text => !isOfType(text, addressType));
      if (misfit < 0) continue;
      const params = { code: "MANIFEST_ADDRESS", remedy: `${addressRemedy}; the slice's addressType rules` };
      const path = ["endpoints", index, "addresses", misfit];
      context.addIssue({ code: "custom", path, message: `is not an address of type ${addressType}`, params });
    }
  });

function isOfType(text: string, addressType: EndpointSlice["addressType"]): boolean {
  return addressType === "FQDN" || (familyOf(text) === addressType && isCanonicalAddress(text));
}

const endpointAddress = z.looseObject({ ...endpoint, ip: address });

const endpoints = z.looseObject({
  metadata: metadata(dnsSubdomain),
  subsets: z
    .array(
      z.looseObject({
        addresses: z.array(endpointAddress).optional(),
        notReadyAddresses: z.array(endpointAddress).optional(),
        ports: portList(endpointPort.extend({ port: portNumber })).optional(),
      }),
    )
    .optional(),
});

/** Names may stand in other types; only `InternalIP` is read. */
const nodeAddress = z
  .looseObject({ type: z.string(), address: z.string() })
  .superRefine(({ type, address: text }, context) => {
    if (type !== "InternalIP" || isCanonicalAddress(text)) return;
    const params = { code: "MANIFEST_ADDRESS", remedy: addressRemedy };
    context.addIssue({ code: "custom", path: ["address"], message: "is not an IP address", params });
  });

const node = z.looseObject({
  metadata: metadata(dnsSubdomain),
  status: z
    .looseObject({
      addresses: z.array(nodeAddress).optional(),
    })
    .optional(),
});

const namespace = z.looseObject({ metadata: metadata(dnsLabel) });

/** Every kind that is read. */
export const schemas = {
  Namespace: namespace,
  Service: service,
  EndpointSlice: endpointSlice,
  Endpoints: endpoints,
  Pod: pod,
  Node: node,
  Deployment: replicated,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  ReplicaSet: replicated,
  ReplicationController: replicationController,
  Job: job,
} as const;

export type ManifestKind = keyof typeof schemas;

/** The checked form of a kind: our fields typed, all others still there. */
export type ManifestOf<K extends ManifestKind> = z.infer<(typeof schemas)[K]>;
