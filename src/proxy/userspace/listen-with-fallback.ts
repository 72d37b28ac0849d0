import { listenProblem, systemErrorCode } from "./listen-problem.ts";

/** Added to a port that needs privilege the process lacks. */
const fallbackOffset = 10_000;

export type Listening =
  | { readonly state: "listening"; readonly port: number; readonly note: string }
  | { readonly state: "failed"; readonly note: string };

/**
 * Listens on `port`, or on port + 10000 where the first one needs privilege (EACCES). Failure is a result, with
 * what to do about it, and not an error: one address that cannot be had must not keep the others from serving.
 *
 * `listen` opens a socket on the given port of `address`, or rejects with the system's error.
 */
export async function listenWithFallback(
  address: string,
  port: number,
  protocol: "TCP" | "UDP",
  listen: (port: number) => Promise<void>,
): Promise<Listening> {
  const code = await codeOf(listen(port));
  if (code === undefined) return { state: "listening", port, note: "" };
  if (code !== "EACCES") return { state: "failed", note: listenProblem(code, address, port, protocol) };

  const needsPrivilege = `port ${port} needs privilege`;
  const fallback = port + fallbackOffset;
  if (fallback > 65_535)
    return { state: "failed", note: `${needsPrivilege}, and there is no port ${fallback}` };
  const fallbackCode = await codeOf(listen(fallback));
  if (fallbackCode === undefined) {
    return { state: "listening", port: fallback, note: `${needsPrivilege}: served on ${fallback}` };
  }
  const problem = listenProblem(fallbackCode, address, fallback, protocol);
  return { state: "failed", note: `${needsPrivilege}, and ${problem}` };
}

/** The system's error code, or undefined for success. */
function codeOf(attempt: Promise<void>): Promise<string | undefined> {
  return attempt.then(() => undefined, systemErrorCode);
}
