import type { Instruments, Labels } from "../../src/dns/plugins/plugin.ts";

export interface RecordedInstruments extends Instruments {
  /** `name{label="value",…}` → value; histograms count their observations. */
  readonly values: ReadonlyMap<string, number>;
}

/** Metrics that a test can look at. */
export function recordedInstruments(): RecordedInstruments {
  const values = new Map<string, number>();
  const keyOf = (name: string, labels: Labels<string>) =>
    `${name}{${Object.entries(labels)
      .map(([label, value]) => `${label}="${value}"`)
      .join(",")}}`;
  const add = (name: string, labels: Labels<string>, by: number) =>
    void values.set(keyOf(name, labels), (values.get(keyOf(name, labels)) ?? 0) + by);
  return {
    values,
    counter: name => ({
      inc: (labels, by = 1) => add(name, labels, by),
      at: labels => ({ inc: () => add(name, labels, 1) }),
    }),
    gauge: name => ({
      set: (labels, value) => void values.set(keyOf(name, labels), value),
      remove: labels => void values.delete(keyOf(name, labels)),
    }),
    histogram: name => ({
      observe: labels => add(name, labels, 1),
      at: labels => ({ observe: () => add(name, labels, 1) }),
    }),
  };
}
