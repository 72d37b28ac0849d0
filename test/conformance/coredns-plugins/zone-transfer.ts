/** A client that takes whole zones over TCP: RFC 5936, RFC 1995. */

import { frame, type ServerAddress, TcpClient } from "../../support/dns-client.ts";
import { buildQuery, wireName } from "../../support/dns-client-query.ts";
import { decodeReply, type Reply } from "../../support/dns-client-reply.ts";

export interface TransferredZone {
  readonly messages: readonly Reply[];
  /** Of all messages, the SOA at both ends included; a serial is written `<serial>`. */
  readonly records: readonly string[];
}

/** AXFR; with a serial IXFR. Ends with the SOA that ends the zone, or with the first reply when that is no zone. */
export async function takeZone(
  server: ServerAddress,
  zone: string,
  serial?: number,
): Promise<TransferredZone> {
  const client = await TcpClient.open(server);
  try {
    client.write(frame(serial === undefined ? buildQuery(`${zone} AXFR`) : incrementalQuery(zone, serial)));
    const messages: Reply[] = [];
    for (;;) {
      messages.push(decodeReply(await client.receive()));
      const records = messages.flatMap(({ answer }) => answer);
      const isRefused = messages.some(({ rcode }) => rcode !== "NOERROR");
      const isOneSoa = serial !== undefined && records.length === 1;
      const isWhole = records.length > 1 && records.at(-1)?.includes(" SOA ") === true;
      if (isRefused || isOneSoa || isWhole) return { messages, records };
    }
  } finally {
    client.destroy();
  }
}

/** RFC 1995 §3: the SOA that the client has is in the authority section. */
function incrementalQuery(zone: string, serial: number): Buffer {
  const query = buildQuery(`${zone} IXFR`);
  query.writeUInt16BE(1, 8);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(6, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(22, 8);
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(serial, 0);
  return Buffer.concat([query, wireName(zone), fixed, Buffer.alloc(2), numbers]);
}
