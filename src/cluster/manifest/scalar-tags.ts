/**
 * Which plain scalars are numbers: those that the parser of the Kubernetes tools takes for one, and no others.
 *
 * Source: `resolve` of go.yaml.in/yaml/v2, which sigs.k8s.io/yaml is built on.
 */

import type { ScalarTag, Tags } from "yaml";

/** YAML 1.1 without timestamps and base-60 numbers, and with go-yaml's floats: `e1`, `.` and `-` are strings. */
export function goTags(tags: Tags): Tags {
  const kept = tags.filter(tag => typeof tag === "string" || !isReplaced(tag));
  // The first that matches counts; decimal numbers may begin with 0 too.
  return [octal, ...kept, float];
}

function isReplaced(tag: Exclude<Tags[number], string>): boolean {
  if (tag.tag === "tag:yaml.org,2002:timestamp" || tag.format === "TIME" || tag.format === "OCT") return true;
  return tag.tag === float.tag && !/nan/i.test(String((tag as ScalarTag).test));
}

const octal: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^[-+]?0o?[0-7_]+$/,
  resolve: text => finiteOr(text, octalValue(text.replaceAll("_", ""))),
};

function octalValue(text: string): number {
  const value = Number.parseInt(text.replace(/^[-+]?0o?/, "0"), 8);
  return text.startsWith("-") ? -value : value;
}

const float: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: /^(?!\..*_)[-+]?(?=[0-9.])(\.[0-9_]*[0-9]_*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9_]*[0-9]_*)?$/,
  resolve: text => finiteOr(text, Number(text.replaceAll("_", ""))),
};

/** A number too large for its type is text to go-yaml. */
function finiteOr(text: string, value: number): number | string {
  return Number.isFinite(value) ? value : text;
}
