/**
 * Why an exchange brought no reply.
 *
 * | code        | cause                                                                                          |
 * |-------------|------------------------------------------------------------------------------------------------|
 * | TIMEOUT     | no reply that belongs to the query within the time given                                       |
 * | REFUSED     | nothing listens on that port: a reset on connecting, or ICMP "port unreachable"                |
 * | UNREACHABLE | the system has no way to send: no route, no such source address, no descriptor left, a firewall |
 * | RESET       | the upstream closed the connection before its reply was complete                               |
 * | TLS         | no common version, a certificate that is not trusted or made out to somebody else, a bad PEM   |
 * | HTTP        | a status other than 200, a body that is no DNS message, or a broken HTTP connection            |
 * | BAD_REPLY   | the right id on a stream, and yet not a reply to the question                                  |
 * | CLOSED      | asked after `close`                                                                            |
 */
export type ExchangeErrorCode =
  | "TIMEOUT"
  | "REFUSED"
  | "UNREACHABLE"
  | "RESET"
  | "TLS"
  | "HTTP"
  | "BAD_REPLY"
  | "CLOSED";

/** The message fits a log line and names address and port. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly code: ExchangeErrorCode;

  constructor(code: ExchangeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** `peer` is the upstream as log lines name it, `10.0.0.2:53 over TCP`. */
export function timeoutError(peer: string, timeoutMs: number): ExchangeError {
  return new ExchangeError("TIMEOUT", `no reply from ${peer} within ${Math.round(timeoutMs)} ms`);
}

export function closedError(peer: string): ExchangeError {
  return new ExchangeError("CLOSED", `${peer} is no longer in use here`);
}

const codesOfSystemErrors: Readonly<Record<string, ExchangeErrorCode>> = {
  ECONNREFUSED: "REFUSED",
  ECONNRESET: "RESET",
  EPIPE: "RESET",
  EPROTO: "TLS",
};

/** Errors of the system and of node's TLS and HTTP/2, as one of ours. */
export function exchangeErrorOf(cause: unknown, peer: string): ExchangeError {
  if (cause instanceof ExchangeError) return cause;
  const error = rootOf(cause);
  return new ExchangeError(codeOf(error), `${peer}: ${error.message}`);
}

/** HTTP/2 wraps what has happened to its connection. */
function rootOf(cause: unknown): NodeJS.ErrnoException {
  if (!(cause instanceof Error)) return new Error(String(cause));
  return cause.cause instanceof Error ? cause.cause : cause;
}

function codeOf(error: NodeJS.ErrnoException): ExchangeErrorCode {
  const known = codesOfSystemErrors[error.code ?? ""];
  if (known !== undefined) return known;
  if (error.code?.startsWith("ERR_HTTP2_") || error.code?.startsWith("HPE_")) return "HTTP";
  // What is left with a system call failed there; the rest are OpenSSL's reasons, which have no common prefix.
  return error.syscall === undefined ? "TLS" : "UNREACHABLE";
}
