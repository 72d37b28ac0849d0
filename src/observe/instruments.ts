/** How a part of the program counts and measures, whatever collects the numbers. */

/** Asking twice for a name gives the same metric, so reloads go on counting. */
export interface Instruments {
  counter<Label extends string>(name: string, help: string, labels: readonly Label[]): CounterOf<Label>;
  gauge<Label extends string>(name: string, help: string, labels: readonly Label[]): GaugeOf<Label>;
  histogram<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    buckets: readonly number[],
  ): HistogramOf<Label>;
}

export type Labels<Label extends string> = Readonly<Record<Label, string>>;

export interface CounterOf<Label extends string> {
  inc(labels: Labels<Label>, by?: number): void;
  /** The same for labels that do not change, at next to no cost. */
  at(labels: Labels<Label>): { inc(): void };
}

export interface GaugeOf<Label extends string> {
  set(labels: Labels<Label>, value: number): void;
  remove(labels: Labels<Label>): void;
}

export interface HistogramOf<Label extends string> {
  observe(labels: Labels<Label>, value: number): void;
  /** The same for labels that do not change, at next to no cost. */
  at(labels: Labels<Label>): { observe(value: number): void };
}
