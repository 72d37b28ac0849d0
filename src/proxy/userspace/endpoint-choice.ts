import type { UsableEndpoint } from "../plan/service-port-plan.ts";

/** Who serves the clients of one way in. */
export interface EndpointChoice {
  /** `tried` holds keys of endpoints not to choose. Undefined: nobody serves this client. */
  choose(clientAddress: string, tried?: ReadonlySet<string>): UsableEndpoint | undefined;
  /** Whether what goes on with an endpoint may go on. */
  has(endpoint: UsableEndpoint): boolean;
  /** Lets a client go whose endpoint turned out not to answer. */
  forget(clientAddress: string): void;
}
