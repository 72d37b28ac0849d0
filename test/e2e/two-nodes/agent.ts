/** A place's process: serves and connects there as its parent orders. */

import type { Activity, ConversationReport, LoadReport } from "./activities.ts";
import { converse, flow, load } from "./activities.ts";
import { connectOnce } from "./connect-once.ts";
import { obey } from "./remote-process.ts";
import { serve } from "./serve.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const activities = new Map<number, Activity<unknown>>();
let activityCount = 0;

function begin(activity: Activity<unknown>): number {
  activities.set(++activityCount, activity);
  return activityCount;
}

function find(number: number): Activity<unknown> {
  const activity = activities.get(number);
  if (activity === undefined) throw new Error(`Nothing is going on under number ${number}.`);
  return activity;
}

/** Undefined where nobody answers. */
async function get(url: string): Promise<HttpAnswer | undefined> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
  if (answer === undefined) return undefined;
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
}

const orders = {
  serve,
  connect: connectOnce,
  get,
  converse: (order: Parameters<typeof converse>[0]) => begin(converse(order)),
  flow: (order: Parameters<typeof flow>[0]) => begin(flow(order)),
  load: (order: Parameters<typeof load>[0]) => begin(load(order)),
  conversation: (number: number) => find(number).report() as ConversationReport,
  loaded: (number: number) => find(number).report() as LoadReport,
  stop: (number: number): void => {
    find(number).stop();
    activities.delete(number);
  },
};

export type AgentOrders = typeof orders;

obey(orders);
