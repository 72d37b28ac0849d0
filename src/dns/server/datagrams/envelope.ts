/**
 * What a datagram is addressed with: the socket address of the client and, on a socket for all addresses, the control
 * message that tells which of them the client asked. A reply goes out with the envelope in which the query came, so it
 * leaves from there: clients take no answer from another address.
 */

import { address4, address6, controlHeader, packetInfo4, packetInfo6 } from "./linux-layout.ts";

/** In an envelope, behind the longest socket address. */
export const controlOffset = 32;
/** Behind the longest control message. */
export const envelopeSizeBytes = controlOffset + 48;

/** What an envelope of one socket looks like; the same for all its datagrams. */
export interface EnvelopeShape {
  readonly nameSizeBytes: number;
  /** 0 without a control message. */
  readonly controlSizeBytes: number;
  /** How many units of four octets there are to copy. */
  readonly wordCount: number;
  /** Which of them is the number of the interface; -1 without a control message. */
  readonly interfaceWord: number;
  /** Where the client's destination is, in octets; -1 without a control message. */
  readonly destinationOffset: number;
}

/** Somewhere in memory. */
export interface Envelope {
  readonly words: Uint32Array;
  readonly firstWord: number;
  /** 0 when the kernel told no destination. */
  readonly controlSizeBytes: number;
}

export function envelopeShape(family: "IPv4" | "IPv6", tellsDestination: boolean): EnvelopeShape {
  const nameSizeBytes = (family === "IPv4" ? address4 : address6).sizeBytes;
  if (!tellsDestination) {
    const wordCount = nameSizeBytes >> 2;
    return { nameSizeBytes, controlSizeBytes: 0, wordCount, interfaceWord: -1, destinationOffset: -1 };
  }
  const info = family === "IPv4" ? packetInfo4 : packetInfo6;
  // CMSG_SPACE: the data is filled up to a multiple of 8.
  const controlSizeBytes = controlHeader.sizeBytes + ((info.sizeBytes + 7) & ~7);
  const infoOffset = controlOffset + controlHeader.sizeBytes;
  return {
    nameSizeBytes,
    controlSizeBytes,
    wordCount: (controlOffset + controlSizeBytes) >> 2,
    interfaceWord: (infoOffset + info.interface) >> 2,
    destinationOffset: infoOffset + info.destination,
  };
}

/** For an answer that comes when the memory has been used again. */
export function keepEnvelope(
  { words, firstWord, controlSizeBytes }: Envelope,
  shape: EnvelopeShape,
): Envelope {
  return { words: words.slice(firstWord, firstWord + shape.wordCount), firstWord: 0, controlSizeBytes };
}
