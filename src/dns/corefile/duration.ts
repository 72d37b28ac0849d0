/** Durations as Go writes them. */

const unitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** Go's time.ParseDuration, in milliseconds; undefined for text that is none. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (match === null) return undefined;
  let sum = 0;
  for (const [, amount, unit] of (match[2] ?? "").matchAll(/([\d.]+)([a-zµμ]+)/g)) {
    sum += Number(amount) * (unitsMs[unit ?? ""] ?? 0);
  }
  return match[1] === "-" ? -sum : sum;
}
