/** Reads the Prometheus text exposition format 0.0.4, strictly: what a scraper would refuse is an error here. */

export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ExposedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ExposedSample[];
}

/** @throws Error naming the line that breaks the format */
export function parseExposition(text: string): Map<string, ExposedFamily> {
  const families = new Map<string, ExposedFamily & { samples: ExposedSample[] }>();
  let help: { name: string; text: string } | undefined;
  let current: (ExposedFamily & { samples: ExposedSample[] }) | undefined;
  for (const line of text.split("\n")) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      help = { name, text: rest };
    } else if (keyword === "TYPE") {
      if (help?.name !== name) throw new Error(`TYPE without HELP before it: ${line}`);
      if (families.has(name)) throw new Error(`second TYPE of a family: ${line}`);
      current = { name, type: rest, help: help.text, samples: [] };
      families.set(name, current);
    } else if (line !== "") {
      const sample = parseSample(line);
      if (current === undefined || !belongsTo(sample.name, current)) throw new Error(`stray sample: ${line}`);
      current.samples.push(sample);
    }
  }
  return families;
}

function belongsTo(sampleName: string, { name, type }: ExposedFamily): boolean {
  if (type !== "histogram") return sampleName === name;
  return ["_bucket", "_sum", "_count"].some(suffix => sampleName === name + suffix);
}

function parseSample(line: string): ExposedSample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  return {
    name: match[1] as string,
    labels: parseLabels(match[2] ?? ""),
    value: parseValue(match[3] as string),
  };
}

/** As Go's ParseFloat reads it: words in any case. prom-client writes `Nan` for a mean of nothing. */
function parseValue(text: string): number {
  if (/^nan$/i.test(text)) return Number.NaN;
  if (/^[+-]?inf$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  const value = Number(text);
  if (Number.isNaN(value)) throw new Error(`not a value: ${text}`);
  return value;
}

function parseLabels(text: string): Record<string, string> {
  const pairs = text.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/g);
  const labels: Record<string, string> = {};
  let length = 0;
  for (const [whole, name, value] of pairs) {
    if (name === undefined || value === undefined || name in labels) throw new Error(`bad labels: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
    length += whole.length;
  }
  if (length !== text.length) throw new Error(`bad labels: ${text}`);
  return labels;
}
