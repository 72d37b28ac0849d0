import { objectKey } from "../../cluster/objects.ts";
import type { Change } from "../../cluster/store.ts";

/** Whose plans a change of the cluster may alter, by `namespace/name`: a slice may leave one Service for another. */
export function servicesTouchedBy({ before, after }: Change): readonly string[] {
  const keys = [before, after].flatMap(object => {
    if (object?.kind === "Service") return [objectKey(object)];
    return object?.kind === "EndpointSlice" && object.serviceName !== ""
      ? [`${object.namespace}/${object.serviceName}`]
      : [];
  });
  return [...new Set(keys)];
}
