/** A UDP socket in front of a rig, open before the rig starts: servers can then be named in each other's Corefiles. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { failure } from "../../../../src/dns/plugins/outcome.ts";
import { withMessage } from "../../../../src/dns/plugins/query.ts";
import { replyTo } from "../../../../src/dns/plugins/records-reply.ts";
import { decodeMessage } from "../../../../src/dns/wire/decode.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import type { Rig } from "../rig.ts";

export class RigSocket {
  readonly #socket = createSocket("udp4");
  /** Queries that have come, as octets. */
  readonly queries: Uint8Array[] = [];
  #rig: Rig | undefined;
  #isClosed = false;

  static async open(): Promise<RigSocket> {
    const listening = new RigSocket();
    listening.#socket.on("message", (octets, peer) => {
      listening.queries.push(octets);
      void listening.#answer(octets).then(reply => {
        if (reply !== undefined && !listening.#isClosed)
          listening.#socket.send(reply, peer.port, peer.address);
      });
    });
    listening.#socket.bind(0, "127.0.0.1");
    await once(listening.#socket, "listening");
    return listening;
  }

  get target(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** From now on its queries go through the rig's chain; until then they are dropped. */
  leadTo(rig: Rig): void {
    this.#rig = rig;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  async #answer(octets: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#rig === undefined) return undefined;
    const query = decodeMessage(octets);
    const outcome = await this.#rig.chain.handle(withMessage(this.#rig.query(". A"), query));
    const { rcode } = outcome.kind === "failure" ? outcome : failure(rcodes.SERVFAIL);
    const reply = outcome.kind === "reply" ? outcome : replyTo(query, { plugin: "test", rcode });
    return reply.encode(query, [], 512);
  }
}
