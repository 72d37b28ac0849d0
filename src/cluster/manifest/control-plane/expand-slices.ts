/** All EndpointSlices: by selector, mirrored from Endpoints, and those written by hand. */

import { type EndpointSlice, type Node, objectKey, type Service } from "../../objects.ts";
import { trim } from "../../trim.ts";
import { type Desired, type DesiredOf, ofKind } from "../desired.ts";
import { type Finding, finding, nowhere } from "../finding.ts";
import { mirrorEndpoints } from "./mirror-endpoints.ts";
import type { PodIndex } from "./pod-index.ts";
import { hasComputedEndpoints, selectEndpoints } from "./select-endpoints.ts";

export interface ExpandedSlices {
  readonly slices: readonly EndpointSlice[];
  readonly findings: readonly Finding[];
}

const managedByLabel = "endpointslice.kubernetes.io/managed-by";
const skipMirrorLabel = "endpointslice.kubernetes.io/skip-mirror";
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
const serviceNameLabel = "kubernetes.io/service-name";
const zoneLabel = "topology.kubernetes.io/zone";

/** What an export holds of computed slices and Endpoints is ignored, and computed again from what they came from. */
export function expandSlices(
  desired: readonly Desired[],
  services: readonly Service[],
  pods: PodIndex,
  nodes: readonly Node[],
): ExpandedSlices {
  const serviceByKey = new Map(services.map(service => [objectKey(service), service]));
  const endpoints = Map.groupBy(ofKind(desired, "Endpoints"), endpoints =>
    fateOf(endpoints, serviceByKey.get(keyOf(endpoints))),
  );
  const mirrored = new Set((endpoints.get("mirrored") ?? []).map(keyOf));
  const { computed = [], written = [] } = Object.groupBy(ofKind(desired, "EndpointSlice"), slice =>
    isComputed(slice, mirrored) ? "computed" : "written",
  );
  const takenNames = new Set(written.map(slice => slice.name));
  const zones = new Map(nodes.map(node => [node.name, node.labels[zoneLabel] ?? ""]));
  const slices = [
    ...written.map(slice => trim("EndpointSlice", slice.manifest)),
    ...services.flatMap(service => selectEndpoints(service, pods, zones, takenNames)),
    ...(endpoints.get("mirrored") ?? []).flatMap(endpoints => mirrorEndpoints(endpoints, takenNames)),
  ];
  return { slices, findings: ignoredNote(computed.length, endpoints.get("computed")?.length ?? 0) };
}

/** What becomes of Endpoints; only those of Services without a selector are somebody's own work. */
function fateOf(endpoints: DesiredOf<"Endpoints">, service: Service | undefined) {
  if (service !== undefined && hasComputedEndpoints(service)) return "computed";
  const { labels, annotations } = endpoints.manifest.metadata;
  // A lock of a leader election has no addresses to mirror.
  const isSkipped = labels?.[skipMirrorLabel] === "true" || annotations?.[leaderAnnotation] !== undefined;
  return service === undefined || isSkipped ? "unused" : "mirrored";
}

/** A mirrored slice is all there is when the Endpoints it mirrors were not exported with it. */
function isComputed(slice: DesiredOf<"EndpointSlice">, mirrored: ReadonlySet<string>): boolean {
  const { labels = {} } = slice.manifest.metadata;
  if (labels[managedByLabel] === "endpointslice-controller.k8s.io") return true;
  if (labels[managedByLabel] !== "endpointslicemirroring-controller.k8s.io") return false;
  return mirrored.has(`${slice.namespace}/${labels[serviceNameLabel]}`);
}

function keyOf(object: Desired): string {
  return `${object.namespace}/${object.name}`;
}

function ignoredNote(sliceCount: number, endpointsCount: number): Finding[] {
  if (sliceCount + endpointsCount === 0) return [];
  const message = `ignored ${sliceCount} EndpointSlices and ${endpointsCount} Endpoints that a controller wrote; they are computed from Services and Pods`;
  return [finding("MANIFEST_COMPUTED_ENDPOINTS_IGNORED", nowhere, message, "")];
}
