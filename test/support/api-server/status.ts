/** The API's way to say that something failed: `Status` objects. */

import type { ServerResponse } from "node:http";

export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export function expired(): StatusError {
  return new StatusError(410, "Expired", "The resourceVersion for the provided list or watch is too old.");
}

export function statusObject(code: number, reason: string, message: string): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

export function sendStatus(response: ServerResponse, error: StatusError, headers: object = {}): void {
  sendJson(response, error.code, statusObject(error.code, error.reason, error.message), headers);
}

export function sendJson(response: ServerResponse, code: number, body: unknown, headers: object = {}): void {
  response.writeHead(code, { "Content-Type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : `${JSON.stringify(body)}\n`);
}
