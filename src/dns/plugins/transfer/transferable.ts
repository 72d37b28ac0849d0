/** What `transfer` needs of plugins that know whole zones. */

import type { Name } from "../../wire/name.ts";
import type { ResourceRecord } from "../../wire/record.ts";
import type { Layer } from "../plugin.ts";

/** A zone as it is at one moment. */
interface ZoneContents {
  /** Its data is an SOA. */
  readonly soa: ResourceRecord;
  /** Everything else in the order of the transfer, NS records first; made when it is read. */
  readonly records: Iterable<ResourceRecord>;
}

export interface Transferable {
  /** The zones it can give away, lower case. */
  readonly zones: readonly Name[];
  /** One of `zones`; undefined while not all of it is known. */
  contents(zone: Name): ZoneContents | undefined;
  /**
   * Hears of each zone whose contents have become others. Absent where they do so too often to tell secondary servers
   * each time. Returns the function that ends the subscription.
   */
  onChange?(listener: (zone: Name) => void): () => void;
}

export interface TransferableLayer extends Layer {
  readonly transferable: Transferable;
}

export function isTransferableLayer(layer: Layer): layer is TransferableLayer {
  return "transferable" in layer;
}
