import type { Protocol } from "../../cluster/objects.ts";
import type { WayInKind } from "./way-in.ts";

/** One line of the table of what is served. */
export interface WayInStatus {
  readonly namespace: string;
  readonly service: string;
  /** "" for an unnamed port. */
  readonly portName: string;
  readonly protocol: Protocol;
  readonly kind: WayInKind;
  readonly address: string;
  readonly port: number;
  /** Where connections are really taken; differs from `port` only while serving a port that needs privilege. */
  readonly servedPort: number;
  /** Endpoints that connections by this way are shared out among. */
  readonly endpointCount: number;
  /** `refusing`: there is no endpoint, and connections are refused, as they should be. */
  readonly state: "serving" | "refusing" | "unservable";
  /** What the user should know or do; "" when there is nothing to say. */
  readonly note: string;
}
