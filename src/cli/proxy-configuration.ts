/** The configuration of `frontdesk proxy`: from flags and the file they name. */

import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Logger } from "pino";
import { configureProxy } from "../proxy/configuration/configure-proxy.ts";
import type { Finding } from "../proxy/configuration/finding.ts";
import type { ProxyConfiguration } from "../proxy/configuration/proxy-configuration.ts";
import type { Settings } from "../proxy/configuration/settings.ts";
import { ConfigurationError } from "./configuration-error.ts";
import type { Given } from "./verb.ts";
import { UsageError } from "./verb.ts";

interface LoadedConfiguration {
  readonly configuration: ProxyConfiguration;
  /** What it was made of, without defaults. */
  readonly settings: Settings;
  /** What the proxy goes on without, or does in another way than it says there. */
  readonly findings: readonly Finding[];
  /** Undefined without a file. */
  readonly file: ConfigurationText | undefined;
}

interface ConfigurationText {
  readonly name: string;
  readonly text: string;
}

/** Throws an error that explains itself where flags or file cannot be used. */
export function loadProxyConfiguration(given: Given): LoadedConfiguration {
  const name = given.text("config");
  const file = name === undefined || name === "" ? undefined : { name, text: readText(name) };
  const { configuration, settings, findings } = configureProxy({
    flags: given,
    file,
    machineName: hostname(),
  });
  const [first, ...others] = findings.filter(({ severity }) => severity === "error");
  if (first !== undefined) {
    const remedy = others.length === 0 ? first.remedy : "frontdesk check has the remedies for files";
    throw new ConfigurationError([first, ...others].map(formatFinding), remedy);
  }
  if (configuration === undefined || settings === undefined)
    throw new Error("A configuration without errors was not resolved.");
  return { configuration, settings, findings, file };
}

export function logFindings(findings: readonly Finding[], log: Logger): void {
  for (const finding of findings) {
    const line = [formatFinding(finding), finding.remedy].filter(part => part !== "").join("; ");
    if (finding.severity === "warning") log.warn(line);
    else log.info(line);
  }
}

const lookAgainMs = 5_000;

/** Resolves when the file says something else, as kubelet makes it when a ConfigMap changes. */
export function untilChanged({ name, text }: ConfigurationText): Promise<string> {
  return new Promise(resolve => {
    const timer = setInterval(() => {
      const now = textIfReadable(name);
      if (now === undefined || now === text) return;
      clearInterval(timer);
      resolve(`${name} has changed`);
    }, lookAgainMs).unref();
  });
}

/** Undefined for the moment in which the file is replaced. */
function textIfReadable(name: string): string | undefined {
  try {
    return readFileSync(name, "utf8");
  } catch {
    return undefined;
  }
}

function readText(name: string): string {
  try {
    return readFileSync(name, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${name}: ${(error as Error).message}`, "name a file that can be read");
  }
}

/** Of a flag there is no line to name. */
function formatFinding({ at, what }: Finding): string {
  return at.line === 0 ? what : `${at.file}:${at.line}:${at.column}: ${what}`;
}
