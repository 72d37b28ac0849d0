/** What a broken, slow or hostile upstream does instead of sending its reply. */

import { setTimeout as sleep } from "node:timers/promises";
import { headerSizeBytes, rcodes } from "../../src/dns/wire/message.ts";

export type Misbehaviour =
  /** Takes the query, says nothing. */
  | "silent"
  | { readonly slowMs: number }
  /** The reply is held back until then. */
  | { readonly held: Promise<void> }
  /** A reply with a wrong id (question, source port) comes first, then the right one unless `only-` is in front. */
  | "wrong-id"
  | "only-wrong-id"
  | "wrong-question"
  | "only-wrong-question"
  | "wrong-source-port"
  | "only-wrong-source-port"
  /** QR is not set: the query comes back as it was. */
  | "echo"
  /** The question in lower case, as old servers send it. */
  | "lower-case"
  /** No question at all, no records: some servers answer errors like that. */
  | "no-question"
  /** Over UDP: TC is set and no record sent. */
  | "truncate-udp"
  /** Random octets, or a message cut short, with the right id. */
  | "garbage"
  | "cut-short"
  | "empty"
  /** 65535 octets over TCP, TLS and HTTPS; over UDP as many as a datagram holds. */
  | "oversized"
  /** The reply comes three times. */
  | "duplicate"
  /** Octet by octet (stream transports). */
  | "dribble"
  | "SERVFAIL"
  | "REFUSED"
  /** Resets the connection when a query has come. */
  | "reset"
  /** Closes the connection when a query has come; half of the reply was sent; all of it was sent. */
  | "close"
  | "close-mid-reply"
  | "close-after-reply"
  /** HTTPS only; the last one for HTTP/2, where it lets the reply follow. */
  | "http-500"
  | "http-wrong-type"
  | "http-too-long"
  | "http-goaway";

/** What a request over HTTPS said. */
export interface HttpFields {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
}

/** A way back to the client that has sent a query. */
export interface Channel {
  readonly transport: "udp" | "tcp" | "tls" | "https";
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly http?: HttpFields;
  send(reply: Buffer): void;
  /** From another port of the same address (UDP). */
  sendFromElsewhere(reply: Buffer): void;
  /** In single octets (stream transports). */
  dribble(reply: Buffer): Promise<void>;
  /** Sends the first half of what `send` would, then closes. */
  sendHalf(reply: Buffer): void;
  close(): void;
  reset(): void;
  /** An HTTP answer that is none of DNS. */
  sendHttp(status: number, contentType: string, body: Buffer): void;
  goAway(): void;
}

/** Lets the misbehaviour happen to the `reply` that a good upstream would send for `query`. */
export async function misbehave(
  how: Misbehaviour,
  query: Buffer,
  reply: Buffer,
  channel: Channel,
): Promise<void> {
  if (typeof how === "object") {
    await ("held" in how ? how.held : sleep(how.slowMs, undefined, { ref: false }));
    channel.send(reply);
    return;
  }
  const act = acts[how];
  await act(channel, reply, query);
}

type Act = (channel: Channel, reply: Buffer, query: Buffer) => void | Promise<void>;

const acts: Readonly<Record<Extract<Misbehaviour, string>, Act>> = {
  silent: () => {},
  "wrong-id": (channel, reply) => {
    channel.send(withOtherId(reply));
    channel.send(reply);
  },
  "only-wrong-id": (channel, reply) => channel.send(withOtherId(reply)),
  "wrong-question": (channel, reply) => {
    channel.send(withOtherQuestion(reply));
    channel.send(reply);
  },
  "only-wrong-question": (channel, reply) => channel.send(withOtherQuestion(reply)),
  "wrong-source-port": (channel, reply) => {
    channel.sendFromElsewhere(withRcode(reply, rcodes.REFUSED));
    channel.send(reply);
  },
  "only-wrong-source-port": (channel, reply) => channel.sendFromElsewhere(reply),
  echo: (channel, _reply, query) => channel.send(query),
  "lower-case": (channel, reply) => channel.send(withLowerCaseQuestion(reply)),
  "no-question": (channel, reply) => channel.send(withoutQuestion(reply)),
  "truncate-udp": (channel, reply) => channel.send(channel.transport === "udp" ? truncated(reply) : reply),
  garbage: (channel, reply) => channel.send(Buffer.concat([reply.subarray(0, 2), Buffer.alloc(30, 0xa5)])),
  "cut-short": (channel, reply) => channel.send(reply.subarray(0, headerSizeBytes + 3)),
  empty: channel => channel.send(Buffer.alloc(0)),
  oversized: (channel, reply) => channel.send(padded(reply, channel.transport === "udp" ? 65_507 : 65_535)),
  duplicate: (channel, reply) => {
    for (let count = 0; count < 3; count++) channel.send(reply);
  },
  dribble: (channel, reply) => channel.dribble(reply),
  SERVFAIL: (channel, reply) => channel.send(withRcode(reply, rcodes.SERVFAIL)),
  REFUSED: (channel, reply) => channel.send(withRcode(reply, rcodes.REFUSED)),
  reset: channel => channel.reset(),
  close: channel => channel.close(),
  "close-mid-reply": (channel, reply) => channel.sendHalf(reply),
  "close-after-reply": (channel, reply) => {
    channel.send(reply);
    channel.close();
  },
  "http-500": channel => channel.sendHttp(500, "text/plain", Buffer.from("out of order")),
  "http-wrong-type": (channel, reply) => channel.sendHttp(200, "text/html", reply),
  "http-too-long": channel => channel.sendHttp(200, "application/dns-message", Buffer.alloc(1 << 20)),
  "http-goaway": (channel, reply) => {
    channel.goAway();
    channel.send(reply);
  },
};

function withOtherId(reply: Buffer): Buffer {
  const other = Buffer.from(reply);
  other.writeUInt16BE(reply.readUInt16BE(0) ^ 0x5555, 0);
  return other;
}

/** A different first letter, the same length. */
function withOtherQuestion(reply: Buffer): Buffer {
  const other = Buffer.from(reply);
  other[headerSizeBytes + 1] = other[headerSizeBytes + 1] === 0x78 ? 0x79 : 0x78;
  return other;
}

/** Length octets are below 64, so no letter is mistaken. */
function withLowerCaseQuestion(reply: Buffer): Buffer {
  const other = Buffer.from(reply);
  for (let offset = headerSizeBytes; offset < endOfQuestion(reply) - 4; offset++) {
    const octet = other[offset] as number;
    if (octet >= 0x41 && octet <= 0x5a) other[offset] = octet | 0x20;
  }
  return other;
}

function withoutQuestion(reply: Buffer): Buffer {
  const header = Buffer.from(reply.subarray(0, headerSizeBytes));
  header.fill(0, 4);
  return withRcode(header, rcodes.FORMERR);
}

function truncated(reply: Buffer): Buffer {
  const short = Buffer.from(reply.subarray(0, endOfQuestion(reply)));
  short.writeUInt16BE(short.readUInt16BE(2) | 0x0200, 2);
  short.fill(0, 6, headerSizeBytes);
  return short;
}

function withRcode(reply: Buffer, rcode: number): Buffer {
  const other = Buffer.from(reply);
  other[3] = ((other[3] as number) & 0xf0) | rcode;
  return other;
}

/** Octets behind the last record: a reply that is long and still well-formed. */
function padded(reply: Buffer, sizeBytes: number): Buffer {
  return Buffer.concat([reply, Buffer.alloc(sizeBytes - reply.length)]);
}

function endOfQuestion(message: Buffer): number {
  let offset = headerSizeBytes;
  while (message[offset] !== 0) offset += 1 + (message[offset] as number);
  return offset + 5;
}
