/**
 * Which UDP flows still lead somewhere: every address and port by which a Service is or was reached in one family,
 * and the endpoints that may answer there.
 *
 * kube-proxy judges flows by the Services of the moment, and so leaves those of a Service that was deleted or scaled
 * to zero in their black hole. Here former ways in are remembered until the flows through them have been dealt with.
 */

import type { UdpFlow } from "./udp-flow.ts";
import { isTranslated } from "./udp-flow.ts";
import type { UdpServicePort } from "./udp-service-port.ts";

/** A Service port over time. */
interface Owner {
  /** By frontend. */
  readonly claims: Map<string, Claim>;
  backends: ReadonlySet<string>;
  isServed: boolean;
}

/** A Service port's hold on a way in. */
interface Claim {
  readonly owner: Owner;
  /** False: the Service was reached this way before it was edited or deleted. */
  isCurrent: boolean;
}

export class UdpFrontends {
  /** By `address:port`, node ports by `:port`. Several Services may claim one external IP. */
  readonly #claims = new Map<string, Claim[]>();
  /** By Service, then by port. */
  readonly #owners = new Map<string, ReadonlyMap<string, Owner>>();
  readonly #gone = new Set<Owner>();

  /**
   * Takes over the UDP ports that a Service has now; none: it is gone. `serviceKey` is `namespace/name`.
   *
   * Returns whether flows may have become stale: an endpoint went away, or a way in or its first endpoint came, to
   * which somebody may have sent in vain before.
   */
  apply(serviceKey: string, ports: readonly UdpServicePort[]): boolean {
    const before = this.#owners.get(serviceKey);
    const after = new Map<string, Owner>();
    let isCleanupNeeded = false;
    for (const port of ports) {
      const owner = before?.get(port.key) ?? { claims: new Map(), backends: none, isServed: false };
      after.set(port.key, owner);
      if (this.#update(owner, port)) isCleanupNeeded = true;
    }
    for (const [key, owner] of before ?? []) {
      if (after.has(key)) continue;
      this.#end(owner);
      isCleanupNeeded = true;
    }
    if (after.size > 0) this.#owners.set(serviceKey, after);
    else this.#owners.delete(serviceKey);
    return isCleanupNeeded;
  }

  /**
   * Whether the flow's next packet should choose its endpoint anew.
   *
   * A flow is stale when its backend is none any more. One that was never translated, because it began before there
   * was a rule for it, is stale as soon as somebody serves; through a node port only when it goes to this node, since
   * the same port number elsewhere is none of ours.
   */
  isStale(flow: UdpFlow, isNodeAddress: (address: string) => boolean): boolean {
    const { destination, destinationPort, backend, backendPort } = flow;
    const atAddress = this.#claims.get(`${destination}:${destinationPort}`);
    const claims = atAddress ?? this.#claims.get(`:${destinationPort}`);
    if (claims === undefined) return false;
    if (!isTranslated(flow)) {
      const isOurs = atAddress !== undefined || isNodeAddress(destination);
      return isOurs && claims.some(({ isCurrent, owner }) => isCurrent && owner.isServed);
    }
    return claims.every(({ owner }) => !owner.backends.has(`${backend}:${backendPort}`));
  }

  /** What forgets the Service ports that are gone by now: to be called when all stale flows have been deleted. */
  forgetting(): () => void {
    const gone = [...this.#gone];
    return () => {
      for (const owner of gone) this.#forget(owner);
    };
  }

  #update(owner: Owner, port: UdpServicePort): boolean {
    const { backends, isServed } = owner;
    owner.backends = new Set(port.backends);
    owner.isServed = port.isServed;
    const isReachedAnew = this.#claim(owner, frontendsOf(port));
    const hasLost = !backends.isSubsetOf(owner.backends);
    return hasLost || (port.isServed && (isReachedAnew || !isServed));
  }

  /** Returns whether there are ways in that were none before. */
  #claim(owner: Owner, frontends: ReadonlySet<string>): boolean {
    let isReachedAnew = false;
    for (const [frontend, claim] of owner.claims) {
      if (!frontends.has(frontend)) claim.isCurrent = false;
    }
    for (const frontend of frontends) {
      const known = owner.claims.get(frontend);
      if (known?.isCurrent === true) continue;
      isReachedAnew = true;
      if (known === undefined) this.#add(frontend, owner);
      else known.isCurrent = true;
    }
    return isReachedAnew;
  }

  #add(frontend: string, owner: Owner): void {
    const claim = { owner, isCurrent: true };
    owner.claims.set(frontend, claim);
    this.#claims.set(frontend, [...(this.#claims.get(frontend) ?? []), claim]);
  }

  #end(owner: Owner): void {
    for (const claim of owner.claims.values()) claim.isCurrent = false;
    owner.backends = none;
    owner.isServed = false;
    this.#gone.add(owner);
  }

  #forget(owner: Owner): void {
    this.#gone.delete(owner);
    for (const [frontend, claim] of owner.claims) {
      const left = this.#claims.get(frontend)?.filter(other => other !== claim) ?? [];
      if (left.length > 0) this.#claims.set(frontend, left);
      else this.#claims.delete(frontend);
    }
  }
}

const none: ReadonlySet<string> = new Set();

function frontendsOf({ frontends, nodePort }: UdpServicePort): ReadonlySet<string> {
  return new Set(nodePort === 0 ? frontends : [...frontends, `:${nodePort}`]);
}
