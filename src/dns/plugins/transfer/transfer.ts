/** Corefile word `transfer`: whole zones for secondary servers, AXFR (RFC 5936) and IXFR (RFC 1995). */

import type { Logger } from "pino";
import { rcodes } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { formatName, isSameName, isSubdomain } from "../../wire/name.ts";
import { typeCodes } from "../../wire/record.ts";
import { because } from "../../zone/reason.ts";
import { isKubernetesLayer } from "../kubernetes/kubernetes-layer.ts";
import { failure, type Outcome } from "../outcome.ts";
import { definePlugin, type Layer } from "../plugin.ts";
import type { Query } from "../query.ts";
import { replyTo } from "../records-reply.ts";
import { kubernetesTransferable } from "./kubernetes-transfer.ts";
import { notify } from "./notify.ts";
import type { TransferStanza } from "./transfer-config.ts";
import { explainStanza, readStanza } from "./transfer-config.ts";
import { transferMessages } from "./transfer-messages.ts";
import { isTransferableLayer, type Transferable } from "./transferable.ts";

export const transfer = definePlugin<readonly TransferStanza[]>({
  name: "transfer",

  read(stanzas, reading, block) {
    const read = stanzas.map(stanza => readStanza(stanza, reading, block));
    return read.every(stanza => stanza !== undefined) ? read : undefined;
  },

  explain: stanzas => stanzas.map(explainStanza),

  start: (stanzas, host) => new TransferLayer(stanzas, host.log),
});

class TransferLayer implements Layer {
  readonly answersAlike = true;
  readonly #stanzas: readonly TransferStanza[];
  readonly #log: Logger;
  readonly #closed = new AbortController();
  readonly #subscriptions: (() => void)[] = [];
  #transferables: readonly Transferable[] = [];

  constructor(stanzas: readonly TransferStanza[], log: Logger) {
    this.#stanzas = stanzas;
    this.#log = log;
  }

  /** Secondary servers hear at once that the zones may have changed while this server was down. */
  connect({ members }: Parameters<NonNullable<Layer["connect"]>>[0]): void {
    this.#transferables = members.flatMap(({ layer }) => {
      if (isTransferableLayer(layer)) return [layer.transferable];
      return isKubernetesLayer(layer) ? [kubernetesTransferable(layer)] : [];
    });
    for (const { zones, onChange } of this.#transferables) {
      if (onChange === undefined) continue;
      this.#subscriptions.push(onChange(zone => this.#notify(zone)));
      for (const zone of zones) this.#notify(zone);
    }
  }

  handle(query: Query, next: (query: Query) => Outcome | Promise<Outcome>): Outcome | Promise<Outcome> {
    const { type } = query.question;
    if (type !== typeCodes.AXFR && type !== typeCodes.IXFR) return next(query);
    // RFC 5936 §4.2 has no transfer over UDP; an IXFR there could only be answered with what fits.
    if (query.client.protocol === "udp") return refused("zone transfers go over TCP only");
    const stanza = this.#stanzaFor(query.name);
    if (stanza === undefined) return next(query);
    if (!stanza.allowsAll && !stanza.to.some(({ address }) => address === query.client.address)) {
      return refused(`zone transfers to ${query.client.address} are not allowed`);
    }
    const transferable = this.#transferables.find(({ zones }) =>
      zones.some(zone => isSameName(zone, query.name)),
    );
    return transferable === undefined ? next(query) : this.#transfer(transferable, query);
  }

  close(): void {
    this.#closed.abort();
    for (const unsubscribe of this.#subscriptions) unsubscribe();
  }

  #transfer(transferable: Transferable, query: Query): Outcome {
    const serialOfClient = query.question.type === typeCodes.IXFR ? serialIn(query) : undefined;
    if (query.question.type === typeCodes.IXFR && serialOfClient === undefined) {
      return failure(rcodes.SERVFAIL, "an IXFR query must hold the SOA record of the client");
    }
    const contents = transferable.contents(query.name);
    if (contents?.soa.data.type !== "SOA") {
      return failure(rcodes.SERVFAIL, undefined, because("not-synced", "the zone is not loaded yet"));
    }
    const { soa } = contents;
    const { serial } = contents.soa.data;
    const title = `zone ${formatName(query.name)} to ${query.client.address}, serial ${serial}`;
    if (serialOfClient !== undefined && serialOfClient !== 0 && !isNewer(serial, serialOfClient)) {
      this.#log.info(`transfer not needed: ${title}`);
      return replyTo(query.message, { plugin: "transfer", answers: [soa] });
    }
    // All at once: the zone may change while the client takes one message after the other.
    const records = [soa, ...contents.records, soa];
    this.#log.info(`transfer of ${records.length} records: ${title}`);
    return { kind: "stream", plugin: "transfer", messages: transferMessages(query.message, records) };
  }

  #stanzaFor(name: Name): TransferStanza | undefined {
    const depthOf = ({ zones }: TransferStanza) =>
      Math.max(-1, ...zones.filter(zone => isSubdomain(name, zone)).map(zone => zone.length));
    const [closest] = this.#stanzas.toSorted((a, b) => depthOf(b) - depthOf(a));
    return closest !== undefined && depthOf(closest) >= 0 ? closest : undefined;
  }

  #notify(zone: Name): void {
    const stanza = this.#stanzaFor(zone);
    for (const endpoint of stanza?.to ?? []) {
      void notify(zone, endpoint, { source: stanza?.source, signal: this.#closed.signal }).then(why => {
        if (why === undefined || this.#closed.signal.aborted) return;
        const { address, port } = endpoint;
        this.#log.warn(
          `${address} port ${port} did not accept that zone ${formatName(zone)} has changed: ${why}`,
        );
      });
    }
  }
}

function refused(text: string): Outcome {
  return failure(rcodes.REFUSED, undefined, because("transfer-refused", text));
}

/** RFC 1995 §3: the client's SOA is in the authority section. */
function serialIn({ message }: Query): number | undefined {
  const [soa, ...others] = message.authorities;
  return soa?.data.type === "SOA" && others.length === 0 ? soa.data.serial : undefined;
}

/** RFC 1982 §3.2: serials wrap around. */
function isNewer(serial: number, other: number): boolean {
  const distance = (serial - other) >>> 0;
  return distance !== 0 && distance < 2 ** 31;
}
