import type { Protocol } from "../../cluster/objects.ts";
import type { ProxySettings } from "../plan/proxy-settings.ts";
import type { UsableEndpoint } from "../plan/service-port-plan.ts";
import { verdictFor } from "../plan/verdict.ts";
import type { EndpointChoice } from "./endpoint-choice.ts";
import type { EndpointChooser } from "./endpoint-chooser.ts";
import { listenProblem, systemErrorCode } from "./listen-problem.ts";
import type { MachineAddresses } from "./machine-addresses.ts";
import type { ServedPort } from "./served-port.ts";
import type { TcpRelayOptions } from "./tcp-relay.ts";
import { TcpRelay } from "./tcp-relay.ts";
import type { UdpRelayOptions } from "./udp-relay.ts";
import { UdpRelay } from "./udp-relay.ts";
import type { WayInKind } from "./way-in.ts";

/** What verdicts depend on besides the Services, as it is now. */
export interface Surroundings {
  readonly settings: ProxySettings;
  readonly machine: MachineAddresses;
}

export interface EntranceOptions extends Omit<TcpRelayOptions & UdpRelayOptions, "chooser"> {
  readonly surroundings: () => Surroundings;
}

/** One address and port that clients may connect to. */
export interface Place {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

interface Claim {
  readonly kind: WayInKind;
  readonly servedPort: ServedPort;
}

/** An address that a client on this machine has when it does not choose one is the one that it connects to. */
const clientOfThisMachine = "this machine";

/**
 * A place where Service ports are served, with the socket that listens there. Of several ports that claim the place
 * one has it: whose cluster IP it is, then whose external address, then whose node port, and among equals the one
 * whose key sorts first. Who serves a client is what `verdictFor` says.
 */
export class Entrance implements EndpointChoice {
  readonly place: Place;
  readonly #surroundings: () => Surroundings;
  /** Undefined: SCTP is not relayed. */
  readonly #relay: TcpRelay | UdpRelay | undefined;
  #claims: readonly Claim[] = [];
  #isOpen = false;

  constructor(place: Place, options: EntranceOptions) {
    this.place = place;
    this.#surroundings = options.surroundings;
    const relayOptions = { ...options, chooser: this };
    if (place.protocol === "TCP") this.#relay = new TcpRelay(relayOptions);
    if (place.protocol === "UDP") this.#relay = new UdpRelay(relayOptions);
  }

  get isClaimed(): boolean {
    return this.#claims.length > 0;
  }

  /** As a Service's own address, which the machine does not have unless it is given it. */
  get isServiceAddress(): boolean {
    return this.#claims.some(({ kind }) => kind !== "NodePort");
  }

  get isClusterIP(): boolean {
    return this.#claims.some(({ kind }) => kind === "ClusterIP");
  }

  /** Without endpoints nothing listens, so that the kernel refuses. */
  get isWantedOpen(): boolean {
    return this.#relay !== undefined && (this.#claims[0]?.servedPort.plan.hasEndpoints ?? false);
  }

  claim(kind: WayInKind, servedPort: ServedPort): void {
    this.withdraw(servedPort);
    this.#claims = [...this.#claims, { kind, servedPort }].sort(byRank);
  }

  withdraw(servedPort: ServedPort): void {
    this.#claims = this.#claims.filter(claim => claim.servedPort !== servedPort);
  }

  /** Has no effect while it is open. Undefined when that worked, otherwise the system's code and what to do. */
  async open(): Promise<{ readonly code: string; readonly problem: string } | undefined> {
    const { protocol, address, port } = this.place;
    if (this.#isOpen || this.#relay === undefined || protocol === "SCTP") return undefined;
    try {
      await this.#relay.open(address, port);
      this.#isOpen = true;
      return undefined;
    } catch (error) {
      const code = systemErrorCode(error);
      return { code, problem: listenProblem(code, address, port, protocol) };
    }
  }

  /** Connections go on; flows end. */
  close(): void {
    this.#relay?.close();
    this.#isOpen = false;
  }

  /** Ends flows whose endpoint has gone. */
  endpointsChanged(): void {
    if (this.#relay instanceof UdpRelay) this.#relay.endpointsChanged();
  }

  choose(clientAddress: string, tried?: ReadonlySet<string>): UsableEndpoint | undefined {
    return this.#chooserFor(clientAddress)?.choose(this.#clientKey(clientAddress), tried);
  }

  has(endpoint: UsableEndpoint): boolean {
    return this.#claims[0]?.servedPort.has(endpoint) ?? false;
  }

  forget(clientAddress: string): void {
    this.#claims[0]?.servedPort.forget(this.#clientKey(clientAddress));
  }

  #chooserFor(clientAddress: string): EndpointChooser | undefined {
    const { settings, machine } = this.#surroundings();
    const { protocol, address, port } = this.place;
    const verdict = verdictFor(
      this.#claims.map(({ servedPort }) => servedPort.plan),
      settings,
      {
        source: clientAddress,
        destination: address,
        port,
        protocol,
        from: machine.isOwn(clientAddress) ? "node" : "outside",
        isToNode: machine.isOwn(address),
      },
    );
    if (verdict.kind !== "dnat") return undefined;
    return this.#claims[0]?.servedPort.chooserFrom(verdict.endpoints);
  }

  #clientKey(clientAddress: string): string {
    return clientAddress === this.place.address ? clientOfThisMachine : clientAddress;
  }
}

const rankOf: Readonly<Record<WayInKind, number>> = {
  ClusterIP: 0,
  ExternalIP: 1,
  LoadBalancer: 1,
  NodePort: 2,
};

function byRank(a: Claim, b: Claim): number {
  return rankOf[a.kind] - rankOf[b.kind] || (a.servedPort.plan.key < b.servedPort.plan.key ? -1 : 1);
}

/** The entrance's identity. */
export function placeKey({ protocol, address, port }: Place): string {
  return `${protocol} ${address} ${port}`;
}
