/** What is measured, and the bars it is held to. */

import { median, quantile } from "../quantile.ts";
import type { ServerName } from "./servers.ts";

export const scenarioNames = ["clusterIP", "headless", "nxdomain", "cached", "forwarded"] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** "loaded": with a processor of its own, under load. */
export type FigureName =
  | `${ScenarioName} per CPU second`
  | `${ScenarioName} per second`
  | "ready seconds"
  | "started MiB"
  | "loaded MiB"
  | "peak MiB"
  | "p50 ms"
  | "p99 ms"
  | "created ms"
  | "endpoint ms"
  | "deleted ms"
  | "lost";

/** The echo is no DNS server: it is asked the same questions, and gives them back. */
export type Column = ServerName | "echo";

/** All numbers of all rounds. */
export class Figures {
  readonly #numbers = new Map<string, number[]>();

  add(column: Column, name: FigureName, ...numbers: readonly number[]): void {
    const key = `${column} ${name}`;
    this.#numbers.set(key, [...(this.#numbers.get(key) ?? []), ...numbers]);
  }

  of(column: Column, name: FigureName): readonly number[] {
    return this.#numbers.get(`${column} ${name}`) ?? [];
  }
}

export interface Bar {
  readonly text: string;
  /** Undefined when there is nothing to compare with. */
  isMet(own: number, of: (column: Column) => number): boolean | undefined;
}

export interface Measure {
  readonly label: string;
  readonly figure: FigureName;
  readonly unit: "count" | "s" | "ms" | "MiB" | "perSecond";
  readonly summary: (numbers: readonly number[]) => number;
  /** One number for each round, not one for each change. */
  readonly isPerRound: boolean;
  readonly bars: readonly Bar[];
}

const labels: Readonly<Record<ScenarioName, string>> = {
  clusterIP: "ClusterIP",
  headless: "headless",
  nxdomain: "NXDOMAIN, random names",
  cached: "forwarded, cached",
  forwarded: "forwarded, random names",
};

const rateBars: Readonly<Record<ScenarioName, readonly Bar[]>> = {
  clusterIP: [atLeast("coredns", 8), atLeast("echo", 0.8)],
  // Without CoreDNS 150 000 are asked for where the echo makes 280 000.
  headless: [atLeast("coredns", 8), atLeast("echo", 0.54)],
  nxdomain: [atLeast("coredns", 4)],
  cached: [atLeast("coredns", 3)],
  forwarded: [atLeast("coredns", 1)],
};

const none: Bar = { text: "none", isMet: own => known(own, number => number === 0) };

export const measures: readonly Measure[] = [
  ...scenarioNames.map(name => ({
    ...perRound(`queries per CPU second: ${labels[name]}`, `${name} per CPU second`, "perSecond"),
    bars: rateBars[name],
  })),
  ...scenarioNames.map(name =>
    perRound(`queries per second on one CPU: ${labels[name]}`, `${name} per second`, "perSecond"),
  ),
  perRound("p50 at 20 000 queries per second", "p50 ms", "ms"),
  perRound("p99 at 20 000 queries per second", "p99 ms", "ms", atMostCoredns(0.5)),
  {
    ...perRound("lost at 100 000 per second, 100 slices a second changing", "lost", "count", none),
    summary: sum,
  },
  ...propagation("a new Service, denied before", "created ms"),
  ...propagation("another endpoint of a headless Service", "endpoint ms"),
  ...propagation("a Service deleted: NXDOMAIN", "deleted ms"),
  perRound("start to ready", "ready seconds", "s", atMostCoredns(1)),
  perRound("resident when started", "started MiB", "MiB"),
  perRound("resident after load", "loaded MiB", "MiB", atMostCoredns(0.75), below(170, "MiB")),
  perRound("peak", "peak MiB", "MiB"),
];

function perRound(
  label: string,
  figure: FigureName,
  unit: Measure["unit"],
  ...bars: readonly Bar[]
): Measure {
  return { label, figure, unit, summary: median, isPerRound: true, bars };
}

/** Of all changes of all rounds. */
function propagation(label: string, figure: FigureName): readonly Measure[] {
  const common = { figure, unit: "ms", isPerRound: false } as const;
  const p50 = (numbers: readonly number[]) => quantile(numbers, 0.5);
  const p99 = (numbers: readonly number[]) => quantile(numbers, 0.99);
  return [
    { ...common, label: `to the answer: ${label}, p50`, summary: p50, bars: [] },
    { ...common, label: "p99 of that", summary: p99, bars: [atMostCoredns(1), below(10, "ms")] },
  ];
}

function atLeast(peer: "coredns" | "echo", factor: number): Bar {
  const text = `≥ ${factor} × ${peer === "coredns" ? "CoreDNS" : "echo"}`;
  return { text, isMet: (own, of) => known(of(peer), number => own >= factor * number) };
}

function atMostCoredns(factor: number): Bar {
  const text = `≤ ${factor} × CoreDNS`;
  return { text, isMet: (own, of) => known(of("coredns"), number => own <= factor * number) };
}

function below(limit: number, unit: Measure["unit"]): Bar {
  return { text: `< ${limit} ${unit}`, isMet: own => known(own, number => number < limit) };
}

function known(number: number, isSo: (number: number) => boolean): boolean | undefined {
  return Number.isNaN(number) ? undefined : isSo(number);
}

function sum(numbers: readonly number[]): number {
  return numbers.length === 0 ? Number.NaN : numbers.reduce((total, number) => total + number, 0);
}
