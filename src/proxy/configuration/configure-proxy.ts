/** File, flags and defaults become one configuration. */

import { settingsFindings } from "./check-settings.ts";
import { checkTypes } from "./check-types.ts";
import { readConfigurationFile } from "./configuration-file.ts";
import type { Finding, Place } from "./finding.ts";
import { finding } from "./finding.ts";
import type { ConfigurationFlag } from "./flags.ts";
import type { ProxyConfiguration } from "./proxy-configuration.ts";
import { resolveSettings } from "./proxy-configuration.ts";
import type { GivenFlags } from "./read-flags.ts";
import { fieldsOf, flagOf, givenFlags } from "./read-flags.ts";
import type { Settings } from "./settings.ts";
import { flagSchema } from "./settings.ts";

export interface ConfigurationSources {
  readonly flags: GivenFlags;
  /** What `--config` names. */
  readonly file?: { readonly name: string; readonly text: string } | undefined;
  /** `os.hostname()`: the Node's name where nobody says another. */
  readonly machineName: string;
}

export interface ConfiguredProxy {
  /** Undefined when one of the findings is an error. */
  readonly configuration: ProxyConfiguration | undefined;
  /** What it was made of: file and flags, without defaults. Undefined likewise. */
  readonly settings: Settings | undefined;
  readonly findings: readonly Finding[];
}

/** Never throws. Flags are checked by the rules of the file; with a file only some of them count, as for kube-proxy. */
export function configureProxy({ flags, file, machineName }: ConfigurationSources): ConfiguredProxy {
  const given = givenFlags(flags);
  const counting = given.filter(({ beatsFile }) => file === undefined || beatsFile);
  const written = file === undefined ? undefined : readConfigurationFile(file.text, file.name);
  const typed = readSettings(counting, flags);
  const findings = [
    ...(written?.findings ?? []),
    ...typed.findings,
    ...badPorts(counting, flags),
    ...ignoredFlags(given, counting),
  ];
  if (findings.some(({ severity }) => severity === "error")) {
    return { configuration: undefined, settings: undefined, findings };
  }
  const circumstances = {
    machineName,
    master: flags.text("master"),
    healthzPort: portOf("healthz-port", counting, flags),
    metricsPort: portOf("metrics-port", counting, flags),
  };
  const settings = overlay(written?.settings ?? {}, typed.settings);
  return { configuration: resolveSettings(settings, circumstances), settings, findings };
}

function readSettings(counting: readonly ConfigurationFlag[], flags: GivenFlags) {
  const mode = flags.text("proxy-mode");
  const checked = checkTypes(fieldsOf(counting, flags), flagSchema);
  const findings = settingsFindings(checked, {
    nameOf: path => nameOfFlag(flagOf(path, mode)),
    placeOf: path => placeOfFlag(flagOf(path, mode)),
  });
  return { settings: checked.settings, findings };
}

function nameOfFlag(flag: ConfigurationFlag | undefined): string {
  return flag === undefined ? "the command line" : `--${flag.name}`;
}

function placeOfFlag(flag: ConfigurationFlag | undefined): Place {
  return { file: nameOfFlag(flag), line: 0, column: 0 };
}

/** With a file there are no other flags left than these. */
function overlay(file: Settings, flags: Settings): Settings {
  return { ...file, ...flags, logging: { ...file.logging, ...flags.logging } };
}

function portOf(name: string, counting: readonly ConfigurationFlag[], flags: GivenFlags): number | undefined {
  return counting.some(flag => flag.name === name) ? Number(flags.text(name)) : undefined;
}

function badPorts(counting: readonly ConfigurationFlag[], flags: GivenFlags): readonly Finding[] {
  return counting.flatMap(flag => {
    const text = flags.text(flag.name) ?? "";
    const isFine = /^\d+$/.test(text) && Number(text) <= 65535;
    if (flag.reading !== "port" || isFine) return [];
    const what = `${nameOfFlag(flag)} must be a number from 0 to 65535, not "${text}"`;
    return [finding("PROXY_FIELD_VALUE", placeOfFlag(flag), what, "give such a number; 0 serves nothing")];
  });
}

function ignoredFlags(
  given: readonly ConfigurationFlag[],
  counting: readonly ConfigurationFlag[],
): readonly Finding[] {
  const ignored = given.filter(flag => !counting.includes(flag));
  if (ignored.length === 0) return [];
  const what = `without effect beside --config: ${ignored.map(nameOfFlag).join(", ")}`;
  const remedy = "write their fields into the file, or leave them out";
  return [finding("PROXY_FLAGS_IGNORED", placeOfFlag(ignored[0]), what, remedy)];
}
