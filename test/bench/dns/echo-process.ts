/** The floor under every DNS server on these sockets: a query comes back as it is, marked as a response. */

import { serveBare } from "./bare-listener.ts";

/** RFC 1035 §4.1.1: QR, in octet 2. */
const isResponseBit = 0x80;
const flagsOffset = 2;

await serveBare((query, start, end, out, outStart) => {
  query.copy(out, outStart, start, end);
  out[outStart + flagsOffset] = (out[outStart + flagsOffset] as number) | isResponseBit;
  return end - start;
});
