/** What can be made to go wrong, and for which requests. */

import type { ServerResponse } from "node:http";
import { TLSSocket } from "node:tls";
import type { Pacing } from "./body-writer.ts";
import type { ApiRequest, Verb } from "./resources.ts";
import { StatusError, sendStatus, statusObject } from "./status.ts";

export type Fault =
  /** A Status with this code instead of an answer. */
  | {
      readonly type: "status";
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** A body that is no JSON, with any code. */
  | { readonly type: "body"; readonly code: number; readonly text: string }
  /** TCP reset before any byte. */
  | { readonly type: "reset" }
  /** Nothing more, with or without the headers of a 200. */
  | { readonly type: "hang"; readonly headers: boolean }
  /** The connection breaks in the middle of a body that announces more. */
  | { readonly type: "cut"; readonly text: string }
  /** 200, then an ERROR event, then the end. */
  | { readonly type: "error-event"; readonly code: number; readonly message?: string }
  /** The true answer in small pieces. */
  | ({ readonly type: "torn" } & Pacing);

/** Fields that are given must all match; a function decides by itself. */
export type RequestMatcher =
  | { readonly resource?: string; readonly verb?: Verb }
  | ((request: ApiRequest) => boolean);

export function matchesRequest(matcher: RequestMatcher, request: ApiRequest): boolean {
  if (typeof matcher === "function") return matcher(request);
  return (
    (matcher.resource === undefined || matcher.resource === request.resource?.name) &&
    (matcher.verb === undefined || matcher.verb === request.verb)
  );
}

/** The faults waiting for their requests; the first that matches is used, and used up after its count. */
export class FaultPlan {
  readonly #planned: { readonly matcher: RequestMatcher; readonly fault: Fault; left: number }[] = [];

  /** Returns the function that takes the fault away again. */
  add(matcher: RequestMatcher, fault: Fault, times: number): () => void {
    const entry = { matcher, fault, left: times };
    this.#planned.push(entry);
    return () => {
      entry.left = 0;
    };
  }

  take(request: ApiRequest): Fault | undefined {
    const entry = this.#planned.find(({ matcher, left }) => left > 0 && matchesRequest(matcher, request));
    if (entry === undefined) return undefined;
    entry.left--;
    return entry.fault;
  }
}

/** Plays a fault that replaces the answer. */
export function playFault(fault: Exclude<Fault, { type: "torn" }>, response: ServerResponse): void {
  switch (fault.type) {
    case "status": {
      const { code, reason = "Failure", message = `planned failure ${code}`, retryAfterSeconds } = fault;
      const headers = retryAfterSeconds === undefined ? {} : { "Retry-After": String(retryAfterSeconds) };
      sendStatus(response, new StatusError(code, reason, message), headers);
      return;
    }
    case "body":
      response.writeHead(fault.code, { "Content-Type": "text/html" }).end(fault.text);
      return;
    case "reset":
      breakConnection(response);
      return;
    case "hang":
      if (fault.headers) response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
      return;
    case "cut":
      response.writeHead(200, { "Content-Type": "application/json" });
      response.write(fault.text, () => breakConnection(response));
      return;
    case "error-event": {
      const status = statusObject(fault.code, "Failure", fault.message ?? `planned error ${fault.code}`);
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
    }
  }
}

/** A TCP reset; Node has none for TLS, where the connection ends without the end of the body. */
export function breakConnection({ socket }: ServerResponse): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket?.resetAndDestroy();
}
