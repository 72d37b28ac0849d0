/** Label selectors as the Kubernetes API writes them: `app=web,tier in (front, back),!legacy`. */

const name = String.raw`[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?`;
const key = `(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?${name}`;
const value = `(?:${name})?`;
const list = String.raw`\(\s*(?!\s*\))${value}(?:\s*,\s*${value})*\s*\)`;
const requirement = new RegExp(
  String.raw`^\s*(?:!?\s*${key}|${key}\s*(?:==?|!=)\s*${value}|${key}\s+(?:in|notin)\s*${list})\s*$`,
);

/** The first requirement of a selector that the API would not understand; undefined when it understands all. */
export function brokenRequirement(selector: string): string | undefined {
  if (selector.trim() === "") return undefined;
  // Commas inside parentheses separate values, all others requirements.
  return selector.split(/,(?![^(]*\))/).find(part => !requirement.test(part));
}
