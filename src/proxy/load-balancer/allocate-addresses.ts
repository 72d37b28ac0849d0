/** An address of its own for every Service that asks for one. */

import { hash } from "node:crypto";
import type { IPFamily, Service } from "../../cluster/objects.ts";
import { objectKey } from "../../cluster/objects.ts";
import { canonicalAddress } from "../plan/canonical-address.ts";
import type { AddressRanges } from "./address-ranges.ts";
import type { Assignment, AssignmentProblem } from "./claimed-service.ts";
import { byAge, claimServices, publishedAddress } from "./claimed-service.ts";

/**
 * Assignments of all Services that this pool is for, and of those it was for (no addresses).
 *
 * The result depends on nothing but the arguments, whatever their order: an address that a status names stays where it
 * is, with the older of two Services that name it; then come the addresses asked for by `loadBalancerIP`, then those
 * whose Service does not care, which are chosen by its name, so that a Service made anew gets what it had.
 *
 * `reserved` (canonical addresses → who has them) are given to nobody.
 */
export function allocateAddresses(
  services: Iterable<Service>,
  pool: AddressRanges,
  reserved: ReadonlyMap<string, string>,
): readonly Assignment[] {
  const { wanting, leaving, others } = claimServices(services, address => pool.holds(address));
  const allocation = new Allocation(pool, new Map([...ownersOf(others), ...reserved]));
  const claims = wanting.toSorted(byAge).flatMap(service => claimsOf(service, pool));
  for (const claim of claims) allocation.keep(claim);
  for (const claim of claims) allocation.grantRequest(claim);
  for (const claim of claims) allocation.grantAny(claim);
  return [
    ...wanting.map(service => allocation.assignmentOf(service)),
    ...leaving.map(service => ({ service, addresses: [], problems: [] })),
  ];
}

/** One Service's need of an address of one family. */
interface Claim {
  readonly service: Service;
  readonly family: IPFamily;
  /** As written; "" when any will do. */
  readonly request: string;
}

function claimsOf(service: Service, pool: AddressRanges): readonly Claim[] {
  const requestFamily = service.loadBalancerIP.includes(":") ? "IPv6" : "IPv4";
  return service.ipFamilies
    .filter(family => pool.hasFamily(family))
    .map(family => ({ service, family, request: family === requestFamily ? service.loadBalancerIP : "" }));
}

/** What Services of other load balancers use, whether or not it is in the pool. */
function* ownersOf(services: readonly Service[]): Generator<[string, string]> {
  for (const service of services) {
    for (const { ip } of service.loadBalancerIngress) yield [ip, `Service ${objectKey(service)}`];
  }
}

class Allocation {
  readonly #pool: AddressRanges;
  /** Address → who has it, in words. */
  readonly #owners: Map<string, string>;
  readonly #granted = new Map<Service, Map<IPFamily, string>>();
  readonly #problems = new Map<Service, AssignmentProblem[]>();

  constructor(pool: AddressRanges, owners: Map<string, string>) {
    this.#pool = pool;
    this.#owners = owners;
  }

  assignmentOf(service: Service): Assignment {
    const granted = this.#granted.get(service);
    const addresses = service.ipFamilies.map(family => granted?.get(family));
    const problems = [...(this.#problems.get(service) ?? []), ...missingFamilies(service, this.#pool)];
    return { service, addresses: addresses.filter(address => address !== undefined), problems };
  }

  /** Gives a Service what its status says it has. */
  keep({ service, family, request }: Claim): void {
    const held = publishedAddress(service, family);
    if (held === undefined || !this.#pool.holds(held)) return;
    if (request !== "" && canonicalAddress(request, family) !== held) return;
    const owner = this.#owners.get(held);
    if (owner === undefined) this.#grant(service, family, held);
    else
      this.#complain(service, "AddressConflict", `${held} is ${owner}'s; this Service gets another address`);
  }

  grantRequest({ service, family, request }: Claim): void {
    if (request === "" || this.#granted.get(service)?.has(family)) return;
    const address = canonicalAddress(request, family);
    if (address === undefined || !this.#pool.holds(address)) {
      const note = `loadBalancerIP ${request} is not in the pool ${this.#pool}; ask for one that is, or for none`;
      this.#complain(service, "AddressNotInPool", note);
      return;
    }
    const owner = this.#owners.get(address);
    const note = `loadBalancerIP ${address} is ${owner}'s; ask for another, or for none`;
    if (owner === undefined) this.#grant(service, family, address);
    else this.#complain(service, "AddressConflict", note);
  }

  grantAny({ service, family, request }: Claim): void {
    if (request !== "" || this.#granted.get(service)?.has(family)) return;
    const address = this.#findFree(family, objectKey(service));
    const note = `all ${this.#pool.size(family)} ${family} addresses of the pool ${this.#pool} are in use; extend --load-balancer-pool or delete a Service of type LoadBalancer`;
    if (address !== undefined) this.#grant(service, family, address);
    else this.#complain(service, "NoAddressAvailable", note);
  }

  /** The place that the name's hash points to, or the next free one. */
  #findFree(family: IPFamily, name: string): string | undefined {
    const size = this.#pool.size(family);
    const start = BigInt(`0x${hash("sha256", name)}`) % size;
    // No more can be taken than there are owners.
    const steps = BigInt(this.#owners.size) + 1n;
    for (let step = 0n; step < size && step < steps; step++) {
      const address = this.#pool.at(family, (start + step) % size);
      if (!this.#owners.has(address)) return address;
    }
    return undefined;
  }

  #grant(service: Service, family: IPFamily, address: string): void {
    this.#owners.set(address, `Service ${objectKey(service)}`);
    const granted = this.#granted.get(service) ?? new Map<IPFamily, string>();
    this.#granted.set(service, granted.set(family, address));
  }

  #complain(service: Service, reason: AssignmentProblem["reason"], note: string): void {
    const problems = this.#problems.get(service) ?? [];
    this.#problems.set(service, [...problems, { reason, note }]);
  }
}

/** One family less is a problem only where both are required, or where nothing is left. */
function missingFamilies(
  { ipFamilies, ipFamilyPolicy, loadBalancerIP }: Service,
  pool: AddressRanges,
): readonly AssignmentProblem[] {
  const missing = ipFamilies.filter(family => !pool.hasFamily(family));
  const isFatal = ipFamilyPolicy === "RequireDualStack" || missing.length === ipFamilies.length;
  const problems: AssignmentProblem[] = (isFatal ? missing : []).map(family => ({
    reason: "NoAddressAvailable",
    note: `the pool ${pool} has no ${family} addresses; add some to --load-balancer-pool`,
  }));
  const requestFamily = loadBalancerIP.includes(":") ? "IPv6" : "IPv4";
  if (loadBalancerIP !== "" && !ipFamilies.includes(requestFamily)) {
    const note = `loadBalancerIP ${loadBalancerIP} is of ${requestFamily}, which the Service is not (ipFamilies); ask for one that fits, or for none`;
    problems.push({ reason: "AddressNotInPool", note });
  }
  return problems;
}
