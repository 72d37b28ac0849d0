/** Telling a secondary server that a zone has changed: RFC 1996. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { decodeMessage } from "../../wire/decode.ts";
import { encodeMessage } from "../../wire/encode.ts";
import type { Message } from "../../wire/message.ts";
import { opcodes, rcodeName, rcodes } from "../../wire/message.ts";
import type { Name } from "../../wire/name.ts";
import { classCodes, typeCodes } from "../../wire/record.ts";
import { WireError } from "../../wire/wire-error.ts";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface NotifyOptions {
  /** Own address to send from; undefined: the system chooses. */
  readonly source: string | undefined;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

const attempts = 3;
const timeoutMs = 2_000;

/** Sends up to three times, until `to` accepts. Resolves with why it did not; undefined when it did. Never rejects. */
export async function notify(zone: Name, to: Endpoint, options: NotifyOptions): Promise<string | undefined> {
  let failure: string | undefined;
  for (let attempt = 0; attempt < attempts && !options.signal.aborted; attempt += 1) {
    try {
      const rcode = await exchange(notification(zone), to, options);
      if (rcode === rcodes.NOERROR) return undefined;
      failure = `rcode was ${rcodeName(rcode)}`;
    } catch (error) {
      failure = error instanceof Error && error.name === "AbortError" ? "no answer" : String(error);
    }
  }
  return failure;
}

function notification(zone: Name): Message {
  return {
    id: Math.floor(Math.random() * 0x1_0000),
    isResponse: false,
    opcode: opcodes.NOTIFY,
    isAuthoritative: true,
    isTruncated: false,
    recursionDesired: false,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: rcodes.NOERROR,
    questions: [{ name: zone, type: typeCodes.SOA, class: classCodes.IN }],
    answers: [],
    authorities: [],
    additionals: [],
    edns: undefined,
  };
}

/** The response code. Rejects with an AbortError when none comes in time, and for errors of the socket. */
async function exchange(
  message: Message,
  { address, port }: Endpoint,
  { source, signal }: NotifyOptions,
): Promise<number> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs).unref();
  const ended = { signal: AbortSignal.any([signal, timeout.signal]) };
  try {
    if (source !== undefined) {
      socket.bind(0, source);
      await once(socket, "listening", ended);
    }
    socket.connect(port, address);
    await once(socket, "connect", ended);
    // A server that stops need not wait for secondaries.
    socket.unref();
    socket.send(encodeMessage(message, 512));
    for (;;) {
      const [datagram] = (await once(socket, "message", ended)) as [Buffer];
      const rcode = rcodeOfAnswer(datagram, message.id);
      if (rcode !== undefined) return rcode;
    }
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

function rcodeOfAnswer(datagram: Buffer, id: number): number | undefined {
  try {
    const answer = decodeMessage(datagram);
    return answer.isResponse && answer.id === id ? answer.rcode : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
