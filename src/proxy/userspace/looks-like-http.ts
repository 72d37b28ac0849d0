import { METHODS } from "node:http";

/** A request line longer than this is nothing Node's HTTP server would take either (16 KiB of header). */
const maxRequestLineBytes = 16_384;

/**
 * Whether a TCP client's first bytes begin an HTTP/1.x request (RFC 9112 §3): true, false, or undefined while more
 * bytes are needed to tell.
 */
export function looksLikeHttp(bytes: Buffer): boolean | undefined {
  const text = bytes.toString("latin1", 0, maxRequestLineBytes);
  const [method = "", ...rest] = text.split(" ");
  const isMethod =
    rest.length > 0 ? METHODS.includes(method) : METHODS.some(known => known.startsWith(method));
  if (!isMethod) return false;
  const lineEnd = text.indexOf("\n");
  if (lineEnd >= 0) return /^\S+ \S+ HTTP\/1\.\d\r?$/.test(text.slice(0, lineEnd));
  return text.length < maxRequestLineBytes ? undefined : false;
}
