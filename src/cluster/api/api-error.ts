/** What can go wrong between an API server and us, in one line each. */

/** An answer that is no 200, or an ERROR event of a watch. Reads as `403 Forbidden: services is forbidden: …`. */
export class ApiStatusError extends Error {
  override readonly name = "ApiStatusError";
  readonly code: number;
  /** From the header Retry-After; 0 without one. */
  readonly retryAfterMs: number;
  /** The resourceVersion or continue token is of no use any more: only a new list helps. */
  readonly isExpired: boolean;

  constructor(code: number, status: ApiStatus, retryAfterMs = 0) {
    super(`${code} ${status.reason ?? "error"}${explanationOf(code, status)}`);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    const causes = status.details?.causes ?? [];
    this.isExpired = code === 410 || causes.some(cause => cause.reason === "ResourceVersionTooLarge");
  }

  /** The Status in an ERROR event. */
  static ofEvent(object: unknown): ApiStatusError {
    const status = object as ApiStatus;
    return new ApiStatusError(status.code ?? 500, status);
  }
}

/** The server says itself what is forbidden; that it does not know who asks, it says without a reason. */
function explanationOf(code: number, { message }: ApiStatus): string {
  if (code === 401) return ": the API server does not accept the token or certificate; is it still valid?";
  return message === undefined ? "" : `: ${message}`;
}

/** The fields we read of a Kubernetes `Status` (meta/v1). */
export interface ApiStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string }[] };
}

/** One line for people, whatever was thrown. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Happy eyeballs: one error per address that was tried, and no message of its own.
  if (error instanceof AggregateError) return error.errors.map(describeError).join(", ");
  const { code = "", syscall = "", path } = error as NodeJS.ErrnoException;
  if (code === "ECONNRESET") return "the connection was reset (ECONNRESET)";
  if (syscall.startsWith("spawn"))
    return `the credentials plugin ${path} cannot be started (${code}); is it installed?`;
  if (code === "ENOTFOUND") return `${error.message}; is the server's name in the kubeconfig right?`;
  // Node's own advice behind the first semicolon is for people who write programs.
  if (isCertificateProblem(code)) {
    return `${error.message.split(";", 1)[0]}; does the certificate authority in the kubeconfig fit this server?`;
  }
  return error.message.split("\n", 1)[0] || code || error.name;
}

/** OpenSSL's verification errors, and Node's for a name that the certificate does not have. */
function isCertificateProblem(code: string): boolean {
  return /CERT|^UNABLE_TO_|^ERR_TLS_CERT/.test(code);
}
