/**
 * What is checked of a Service: each field, and the rules that tie several of them together.
 *
 * Source: Kubernetes API v1 ServiceSpec.
 */

import * as z from "zod";
import { familyOf } from "../objects.ts";
import {
  address,
  addressOr,
  type CheckParams,
  dnsLabel,
  externalHost,
  nodePortNumber,
  portList,
  portNumber,
  protocol,
  servicePortName,
  targetPort,
} from "./field-checks.ts";
import { metadata, strings } from "./metadata-schema.ts";

const servicePort = z.looseObject({
  name: servicePortName.optional(),
  protocol: protocol.optional(),
  port: portNumber,
  targetPort: targetPort.optional(),
  nodePort: nodePortNumber.optional(),
});

const clusterIP = addressOr("", "None");
const family = z.enum(["IPv4", "IPv6"]);

const serviceSpec = z
  .looseObject({
    type: z.enum(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]).optional(),
    clusterIP: clusterIP.optional(),
    clusterIPs: z.array(clusterIP).optional(),
    externalName: externalHost.optional(),
    externalIPs: z.array(address).optional(),
    loadBalancerIP: addressOr("").optional(),
    allocateLoadBalancerNodePorts: z.boolean().optional(),
    ports: portList(servicePort).optional(),
    selector: strings.optional(),
    publishNotReadyAddresses: z.boolean().optional(),
    ipFamilies: z.array(family).min(1).max(2).optional(),
    ipFamilyPolicy: z.enum(["SingleStack", "PreferDualStack", "RequireDualStack"]).optional(),
    sessionAffinity: z.enum(["None", "ClientIP"]).optional(),
    sessionAffinityConfig: z
      .looseObject({
        clientIP: z.looseObject({ timeoutSeconds: z.int().min(1).max(86400).optional() }).optional(),
      })
      .optional(),
  })
  .superRefine((spec, context) => {
    for (const { path, message, params } of serviceProblems(spec)) {
      context.addIssue({ code: "custom", path: [...path], message, params: { ...params } });
    }
  });

interface ServiceSpecLike {
  readonly type?: string | undefined;
  readonly clusterIP?: string | undefined;
  readonly clusterIPs?: readonly string[] | undefined;
  readonly externalName?: string | undefined;
  readonly ports?: readonly { readonly nodePort?: number | undefined }[] | undefined;
}

interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly params: CheckParams;
}

/** The rules that tie several fields of a Service together. */
function* serviceProblems(spec: ServiceSpecLike): Generator<Problem> {
  const type = spec.type ?? "ClusterIP";
  const isHeadless = spec.clusterIP === "None" || spec.clusterIPs?.[0] === "None";
  const isExposed = type === "NodePort" || type === "LoadBalancer";
  if (type === "ExternalName" && spec.externalName === undefined) {
    yield missing("externalName", "give the name of a host, such as db.example.com, or change spec.type");
  }
  if (type !== "ExternalName" && !isHeadless && (spec.ports ?? []).length === 0) {
    yield missing("ports", "give at least one port; only headless Services and ExternalName go without");
  }
  if (isExposed && isHeadless) {
    const remedy = `remove clusterIP: None, or remove type: ${type}`;
    yield { path: ["type"], ...wrong(`is ${type}, which a headless Service cannot be`, remedy) };
  }
  yield* clusterIPProblems(spec);
  const withNodePort = (spec.ports ?? []).findIndex(port => (port.nodePort ?? 0) !== 0);
  if (!isExposed && withNodePort >= 0) {
    const remedy = "set spec.type to NodePort, or remove nodePort";
    yield {
      path: ["ports", withNodePort, "nodePort"],
      ...wrong(`is not for Services of type ${type}`, remedy),
    };
  }
}

function* clusterIPProblems({ clusterIP, clusterIPs = [] }: ServiceSpecLike): Generator<Problem> {
  const [first, second] = clusterIPs;
  if (clusterIP && first !== undefined && clusterIP !== first) {
    const remedy = "make spec.clusterIP and spec.clusterIPs[0] equal, or leave one of them out";
    yield { path: ["clusterIPs", 0], ...wrong(`is not spec.clusterIP, ${clusterIP}`, remedy) };
  }
  if (clusterIPs.length > 2) {
    const problem = wrong("are more than two", "give one address of each family at most");
    yield { path: ["clusterIPs"], ...problem };
  }
  const family = familyOf(second ?? "");
  if (family !== undefined && family === familyOf(first ?? "")) {
    const remedy = "give one address of each family at most";
    yield { path: ["clusterIPs", 1], ...wrong(`is a second ${family} address`, remedy) };
  }
}

function missing(field: string, remedy: string): Problem {
  return { path: [field], message: "is missing", params: { code: "MANIFEST_FIELD_MISSING", remedy } };
}

function wrong(message: string, remedy: string): Omit<Problem, "path"> {
  return { message, params: { code: "MANIFEST_FIELD_VALUE", remedy } };
}

export const service = z.looseObject({
  metadata: metadata(dnsLabel),
  spec: serviceSpec,
  status: z
    .looseObject({
      loadBalancer: z
        .looseObject({
          ingress: z
            .array(
              z.looseObject({
                ip: address.optional(),
                hostname: z.string().optional(),
                ipMode: z.enum(["VIP", "Proxy"]).optional(),
              }),
            )
            .optional(),
        })
        .optional(),
    })
    .optional(),
});
