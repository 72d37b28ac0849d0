import { notOfThisMachine } from "./loopback-problem.ts";

/** The system's error code. Anything but an error of the system is a fault of ours, and thrown again. */
export function systemErrorCode(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  throw error;
}

/** Why an address and port cannot be listened on, and what to do about it. */
export function listenProblem(code: string, address: string, port: number, protocol: "TCP" | "UDP"): string {
  switch (code) {
    case "EADDRINUSE": {
      const command = `ss -${protocol === "TCP" ? "lt" : "lu"}np 'sport = :${port}'`;
      return `${address} port ${port} is in use: stop what listens there (${command} names it)`;
    }
    case "EADDRNOTAVAIL":
      return notOfThisMachine(address);
    default:
      return `cannot listen on ${address} port ${port}: ${code}`;
  }
}
