import type { ServicePortPlan } from "../plan/service-port-plan.ts";
import { ClientAffinity } from "./client-affinity.ts";
import { EndpointChooser } from "./endpoint-chooser.ts";
import { listenWithFallback } from "./listen-with-fallback.ts";
import { loopbackProblem } from "./loopback-problem.ts";
import type { TcpRelayOptions } from "./tcp-relay.ts";
import { TcpRelay } from "./tcp-relay.ts";
import type { UdpRelayOptions } from "./udp-relay.ts";
import { UdpRelay } from "./udp-relay.ts";
import type { WayIn } from "./way-in.ts";
import { waysInto } from "./way-in.ts";
import type { WayInStatus } from "./way-in-status.ts";

export type RelayOptions = Omit<TcpRelayOptions & UdpRelayOptions, "chooser"> & {
  /** Where node ports are served. */
  readonly nodePortAddresses: readonly string[];
};

interface Relay {
  open(address: string, port: number): Promise<void>;
  close(): void;
  endpointsChanged?(): void;
}

interface Door {
  readonly wayIn: WayIn;
  /** Undefined: this way in is never opened. */
  readonly relay: Relay | undefined;
  outcome: Outcome;
}

/** `servedPort` is there while listening. */
type Outcome = Pick<WayInStatus, "state" | "note"> & { readonly servedPort?: number };

/** All ways into one Service port, with the endpoints and the session affinity they share. */
export class ServicePortRelay {
  readonly #options: RelayOptions;
  readonly #affinity: ClientAffinity;
  readonly #chooser: EndpointChooser;
  readonly #doors = new Map<string, Door>();
  #plan: ServicePortPlan;

  /** Opens nothing yet. */
  constructor(plan: ServicePortPlan, options: RelayOptions) {
    this.#options = options;
    this.#affinity = new ClientAffinity(options.nowMs);
    this.#chooser = new EndpointChooser(this.#affinity);
    this.#plan = plan;
    this.update(plan);
  }

  /** Follows the plan. What must no longer be open is closed when this returns; what is unchanged is untouched. */
  update(plan: ServicePortPlan): void {
    this.#plan = plan;
    this.#affinity.setTimeout(plan.affinityTimeoutSeconds);
    this.#chooser.update(plan.clusterEndpoints);
    const waysIn = waysInto(plan, this.#options.nodePortAddresses);
    const wanted = new Map(waysIn.map(wayIn => [`${wayIn.kind} ${wayIn.address} ${wayIn.port}`, wayIn]));
    for (const [key, door] of this.#doors) {
      if (wanted.has(key)) this.#updateDoor(door);
      else {
        door.relay?.close();
        this.#doors.delete(key);
      }
    }
    for (const [key, wayIn] of wanted) {
      if (!this.#doors.has(key)) this.#doors.set(key, this.#makeDoor(wayIn));
    }
  }

  /** Tries to open what should be open and is not. */
  async open(): Promise<void> {
    if (this.#chooser.isEmpty) return;
    await Promise.all([...this.#doors.values()].map(door => this.#openDoor(door)));
  }

  close(): void {
    for (const door of this.#doors.values()) door.relay?.close();
  }

  /** True while a way in could not be opened that might be openable later. */
  get hasFailed(): boolean {
    return this.#doors.values().some(door => door.relay !== undefined && door.outcome.state === "unservable");
  }

  statuses(): readonly WayInStatus[] {
    const { namespace, serviceName: service, portName, protocol, clusterEndpoints } = this.#plan;
    const ofPort = { namespace, service, portName, protocol, endpointCount: clusterEndpoints.length };
    return [...this.#doors.values()].map(({ wayIn, outcome }) => {
      return { ...ofPort, ...wayIn, servedPort: wayIn.port, ...outcome };
    });
  }

  #makeDoor(wayIn: WayIn): Door {
    const { protocol } = this.#plan;
    const problem = protocol === "SCTP" ? "SCTP is not relayed" : loopbackProblem(wayIn.address);
    if (problem !== undefined) return { wayIn, relay: undefined, outcome: unservable(problem) };
    const options = { ...this.#options, chooser: this.#chooser };
    return {
      wayIn,
      relay: protocol === "TCP" ? new TcpRelay(options) : new UdpRelay(options),
      outcome: refusing,
    };
  }

  #updateDoor(door: Door): void {
    door.relay?.endpointsChanged?.();
    if (door.relay === undefined || !this.#chooser.isEmpty) return;
    door.relay.close();
    door.outcome = refusing;
  }

  async #openDoor(door: Door): Promise<void> {
    const { wayIn, relay } = door;
    const { protocol } = this.#plan;
    if (relay === undefined || protocol === "SCTP" || door.outcome.state === "serving") return;
    const { address, port } = wayIn;
    const listening = await listenWithFallback(address, port, protocol, p => relay.open(address, p));
    door.outcome =
      listening.state === "listening"
        ? { state: "serving", servedPort: listening.port, note: listening.note }
        : unservable(listening.note);
  }
}

const refusing: Outcome = { state: "refusing", note: "" };

function unservable(note: string): Outcome {
  return { state: "unservable", note };
}
