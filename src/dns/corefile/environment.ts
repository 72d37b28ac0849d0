/** `{$NAME}` and `{%NAME%}` in the words of a Corefile. */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Replaced {
  readonly text: string;
  /** Names that stand for nothing because they are not set. */
  readonly unset: readonly string[];
}

/** Values may refer to further variables; past these bounds they refer to themselves. */
const maxReplacements = 1_000;
const maxGrowth = 100_000;

/** Undefined when the variables in the text refer to each other without end. */
export function replaceVariables(text: string, environment: Environment): Replaced | undefined {
  const unset = new Set<string>();
  let result: string | undefined = text;
  for (const [open, close] of [
    ["{%", "%}"],
    ["{$", "}"],
  ] as const) {
    result = replaceForm(result, open, close, name => {
      const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
      if (value === undefined) unset.add(name);
      return value ?? "";
    });
    if (result === undefined) return undefined;
  }
  return { text: result, unset: [...unset] };
}

/** A reference without a name, such as `{$}`, ends it: nothing behind that is replaced. */
function replaceForm(
  text: string,
  open: string,
  close: string,
  lookUp: (name: string) => string,
): string | undefined {
  let result = text;
  for (let count = 0; count < maxReplacements; count += 1) {
    const start = result.indexOf(open);
    const end = start === -1 ? -1 : result.indexOf(close, start);
    if (end <= start + open.length) return result;
    const reference = result.slice(start, end + close.length);
    const value = lookUp(reference.slice(open.length, -close.length));
    result = result.replaceAll(reference, () => value);
    if (result.length > text.length + maxGrowth) return undefined;
  }
  return undefined;
}
