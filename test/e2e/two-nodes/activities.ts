/** Clients that go on until they are told to stop; `report` says how it has been so far. */

import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import type { Attempt, Outcome } from "./connect-once.ts";
import { connectOnce, parseAnswer } from "./connect-once.ts";

export interface Activity<Report> {
  report(): Report;
  stop(): void;
}

export interface Conversation {
  readonly source: string;
  readonly address: string;
  readonly port: number;
}

export interface ConversationReport {
  readonly sentCount: number;
  readonly answerCount: number;
  /** Who answered last; "" before the first answer. */
  readonly endpoint: string;
  readonly endpointPort: number;
  /** Why it ended although nobody stopped it. */
  readonly failure: string | undefined;
}

export interface Load {
  readonly attempt: Attempt;
  readonly perSecond: number;
  /** Not more than these at a time. */
  readonly limit: number;
}

export interface LoadReport {
  readonly answerCount: number;
  readonly failures: readonly Outcome[];
  /** How many answers came of each endpoint. */
  readonly endpoints: Readonly<Record<string, number>>;
}

const pauseMs = 30;

/** One TCP connection on which something is said every now and then. */
export function converse({ source, address, port }: Conversation): Activity<ConversationReport> {
  const socket = connect({ host: address, port, localAddress: source });
  let report = startOfConversation;
  const fail = (failure: string) => {
    clearInterval(timer);
    report = { ...report, failure: report.failure ?? failure };
  };
  socket.setNoDelay(true).setEncoding("utf8");
  socket.on("data", (text: string) => {
    report = answered(report, text);
  });
  socket.on("error", error => fail(error.message));
  socket.on("close", () => fail("closed"));
  const timer = setInterval(() => {
    report = { ...report, sentCount: report.sentCount + 1 };
    socket.write("?\n");
  }, pauseMs);
  return {
    report: () => report,
    stop: () => {
      socket.removeAllListeners("close");
      clearInterval(timer);
      socket.destroy();
    },
  };
}

/** Datagrams from one source port, sent whatever comes of them. */
export function flow({ source, address, port }: Conversation): Activity<ConversationReport> {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  let report = startOfConversation;
  let timer: NodeJS.Timeout | undefined;
  socket.on("message", text => {
    report = answered(report, String(text));
  });
  socket.on("error", () => {});
  socket.bind(0, source, () => {
    timer = setInterval(() => {
      report = { ...report, sentCount: report.sentCount + 1 };
      socket.send("?", port, address, () => {});
    }, pauseMs);
  });
  return {
    report: () => report,
    stop: () => {
      clearInterval(timer);
      socket.close();
    },
  };
}

/** New connections without pause, each of which has to be answered. */
export function load({ attempt, perSecond, limit }: Load): Activity<LoadReport> {
  const failures: Outcome[] = [];
  const endpoints: Record<string, number> = {};
  let [answerCount, openCount] = [0, 0];
  const connectAgain = async () => {
    openCount++;
    const outcome = await connectOnce(attempt);
    openCount--;
    if (outcome.kind !== "answered") return failures.push(outcome);
    endpoints[outcome.endpoint] = (endpoints[outcome.endpoint] ?? 0) + 1;
    return answerCount++;
  };
  const timer = setInterval(() => {
    if (openCount < limit) void connectAgain();
  }, 1000 / perSecond);
  return { report: () => ({ answerCount, failures, endpoints }), stop: () => clearInterval(timer) };
}

const startOfConversation: ConversationReport = {
  sentCount: 0,
  answerCount: 0,
  endpoint: "",
  endpointPort: 0,
  failure: undefined,
};

function answered(report: ConversationReport, text: string): ConversationReport {
  const { endpoint, endpointPort } = parseAnswer(text.split("\n")[0] ?? "");
  return { ...report, answerCount: report.answerCount + 1, endpoint, endpointPort };
}
