/** What a `kubernetes` directive makes the server do, for people. */

import type { Name } from "../../wire/name.ts";
import { formatName } from "../../wire/name.ts";
import type { KubernetesConfig } from "./kubernetes-config.ts";

export function explainKubernetes(config: KubernetesConfig): readonly string[] {
  const { ttlSeconds } = config.zoneOptions;
  return [
    `Answers ${listOf(config.zoneOptions.zones)} from the Kubernetes API server ${serverOf(config)}; records live ${ttlSeconds} seconds.`,
    podsSentence[config.zoneOptions.pods],
    ...selectionSentences(config),
    ...endpointSentences(config),
    ...multiclusterSentences(config),
    fallthroughSentence(config),
    `Waits up to ${config.startupTimeoutMs / 1000} seconds for the API server before it answers; after that, names not known yet are SERVFAIL.`,
  ];
}

const podsSentence = {
  disabled: "Denies all names of Pods.",
  insecure:
    "Answers names of Pods, such as 10-244-0-7.default.pod, with the address they contain, whether there is such a Pod or not.",
  verified:
    "Answers names of Pods, such as 10-244-0-7.default.pod, where the namespace has a Pod with that address.",
} as const;

function serverOf({ access }: KubernetesConfig): string {
  if (access === undefined) return "of the Pod's service account, or of the command line's kubeconfig";
  if ("endpoint" in access) return `at ${access.endpoint}`;
  return `of ${access.kubeconfig}${access.context === undefined ? "" : `, context ${access.context}`}`;
}

function selectionSentences({
  zoneOptions,
  labelSelector,
  namespaceLabelSelector,
}: KubernetesConfig): string[] {
  const sentences: string[] = [];
  const { namespaces } = zoneOptions;
  if (namespaces !== undefined) sentences.push(`Knows only the namespaces ${[...namespaces].join(", ")}.`);
  if (namespaceLabelSelector !== undefined) {
    sentences.push(`Knows only namespaces with the labels ${namespaceLabelSelector}.`);
  }
  if (labelSelector !== undefined) {
    sentences.push(`Knows only Services, EndpointSlices and Pods with the labels ${labelSelector}.`);
  }
  return sentences;
}

function endpointSentences({ zoneOptions }: KubernetesConfig): string[] {
  const { noEndpoints, endpointPodNames, ignoreEmptyService, zonal } = zoneOptions;
  const sentences: string[] = [];
  if (noEndpoints) sentences.push("Denies headless Services and names of endpoints.");
  if (endpointPodNames) sentences.push("Names endpoints after their Pods rather than after their addresses.");
  if (ignoreEmptyService) sentences.push("Denies Services without a ready endpoint.");
  if (zonal) {
    sentences.push(
      "Answers ZONE.pin._zone.SERVICE and ZONE.prefer._zone.SERVICE with the endpoints of one topology zone.",
    );
  }
  return sentences;
}

function multiclusterSentences({ zoneOptions }: KubernetesConfig): string[] {
  const { multiclusterZones = [] } = zoneOptions;
  if (multiclusterZones.length === 0) return [];
  return [`Answers ${listOf(multiclusterZones)} from ServiceImports instead of Services.`];
}

function fallthroughSentence({ fallthroughZones }: KubernetesConfig): string {
  if (fallthroughZones.length === 0) return "Names it does not know are NXDOMAIN.";
  return `Leaves names it does not know in ${listOf(fallthroughZones)} to the next plugin; others are NXDOMAIN.`;
}

function listOf(zones: readonly Name[]): string {
  return zones.map(zone => (zone.length === 0 ? "." : formatName(zone).slice(0, -1))).join(", ");
}
