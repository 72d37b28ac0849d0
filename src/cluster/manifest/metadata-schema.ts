import * as z from "zod";
import { dnsLabel } from "./field-checks.ts";

/** Labels, annotations, selectors. */
export const strings = z.record(z.string(), z.string());
const ownerReference = z.looseObject({
  kind: z.string(),
  name: z.string(),
  controller: z.boolean().optional(),
});

/** `metadata`, with the kind's own rule for names. */
export function metadata<T extends z.ZodType<string>>(name: T) {
  return z.looseObject({
    name,
    namespace: dnsLabel.exactOptional(),
    labels: strings.exactOptional(),
    annotations: strings.exactOptional(),
    deletionTimestamp: z.string().exactOptional(),
    ownerReferences: z.array(ownerReference).exactOptional(),
  });
}
