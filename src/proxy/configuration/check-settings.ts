/** What is to be said of settings, wherever they come from. */

import type { CheckedTypes } from "./check-types.ts";
import { checkValues } from "./check-values.ts";
import type { FieldPath } from "./field-places.ts";
import type { Finding, FindingCode, Place } from "./finding.ts";
import { finding } from "./finding.ts";
import type { Settings } from "./settings.ts";
import { unusedFields } from "./unused-fields.ts";

/** How those who wrote the fields know them. */
export interface FieldNames {
  /** `iptables.masqueradeBit`, or the flag. */
  nameOf(path: FieldPath): string;
  placeOf(path: FieldPath, code: FindingCode): Place;
}

export function settingsFindings(
  { settings, problems }: CheckedTypes,
  names: FieldNames,
): readonly Finding[] {
  return [
    ...[...problems, ...checkValues(settings)].map(({ code, path, problem, remedy }) =>
      finding(code, names.placeOf(path, code), `${names.nameOf(path)} ${problem}`, remedy),
    ),
    ...modeNote(settings, names),
    ...unusedNote(settings, names),
  ];
}

function modeNote({ mode }: Settings, { nameOf, placeOf }: FieldNames): readonly Finding[] {
  if (mode === undefined || mode === "nftables") return [];
  const what = `${nameOf(["mode"])} ${mode} is served by nftables, as every mode is here`;
  const remedy = "nothing: node ports stay where this mode has them";
  return [finding("PROXY_MODE", placeOf(["mode"], "PROXY_MODE"), what, remedy)];
}

function unusedNote(settings: Settings, { nameOf, placeOf }: FieldNames): readonly Finding[] {
  const unused = unusedFields(settings);
  const [first] = unused;
  if (first === undefined) return [];
  const what = `without effect here: ${unused.map(nameOf).join(", ")}`;
  return [finding("PROXY_NO_EFFECT", placeOf(first, "PROXY_NO_EFFECT"), what, "nothing, or remove it")];
}
