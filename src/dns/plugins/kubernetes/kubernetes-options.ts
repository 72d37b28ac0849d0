/** The options of `kubernetes`, each by itself; the last of several counts. */

import type { OptionReader, Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";
import type { ZoneOptions } from "../../zone/zone-query.ts";
import { brokenRequirement } from "./label-selector.ts";

export interface KubernetesOptions {
  pods: ZoneOptions["pods"];
  ttlSeconds: number;
  startupTimeoutMs: number;
  fallthroughZones: readonly Name[];
  multicluster: readonly Word[];
  namespaces: readonly string[];
  labelSelector: string | undefined;
  namespaceLabelSelector: string | undefined;
  kubeconfig: { readonly kubeconfig: string; readonly context: string | undefined } | undefined;
  endpoint: string | undefined;
  tls: TlsFiles | undefined;
  /** Where each option is that counts, by name. */
  readonly at: Map<string, Directive>;
}

/** File names. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const removed = {
  upstream: "remove it: targets outside the zones are looked up by this server itself",
  resyncperiod: "remove it: changes are watched, there is nothing to resynchronise",
  transfer: "remove it, and write the plugin transfer beside kubernetes",
  federation: "remove it: Kubernetes has no federation any more",
};

export function readOptions(stanza: Directive, reading: Reading): KubernetesOptions {
  const options: KubernetesOptions = {
    pods: "disabled",
    ttlSeconds: 5,
    startupTimeoutMs: 5_000,
    fallthroughZones: [],
    multicluster: [],
    namespaces: [],
    labelSelector: undefined,
    namespaceLabelSelector: undefined,
    kubeconfig: undefined,
    endpoint: undefined,
    tls: undefined,
    at: new Map(),
  };
  const readers = { ...accessReaders(options, reading), ...answerReaders(options, reading) };
  reading.options(stanza, readers, removed);
  return options;
}

/** How the API server is reached, and what it is asked for. */
function accessReaders(options: KubernetesOptions, reading: Reading): Record<string, OptionReader> {
  const selector = (option: Directive) => readSelector(option, options, reading);
  return {
    endpoint: option => readEndpoint(option, options, reading),
    tls: option => {
      const [cert, key, ca] = option.args.map(({ text }) => text);
      if (!reading.hasArguments(option, 3)) return;
      options.tls = { cert: cert ?? "", key: key ?? "", ca: ca ?? "" };
      options.at.set("tls", option);
    },
    kubeconfig: option => {
      if (!reading.hasArguments(option, 1, 2)) return;
      const [kubeconfig = "", context] = option.args.map(({ text }) => text);
      options.kubeconfig = { kubeconfig, context };
    },
    apiserver_qps: option => readLimit(option, reading, /^\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i),
    apiserver_burst: option => readLimit(option, reading, /^\+?\d+$/),
    apiserver_max_inflight: option => readLimit(option, reading, /^\+?\d+$/),
    labels: option => {
      options.labelSelector = selector(option) ?? options.labelSelector;
    },
    namespace_labels: option => {
      options.namespaceLabelSelector = selector(option) ?? options.namespaceLabelSelector;
    },
    startup_timeout: option => {
      const word = onlyWord(option, reading);
      const durationMs = word && reading.durationMs(word, 1);
      options.startupTimeoutMs = durationMs ?? options.startupTimeoutMs;
    },
  };
}

/** What is answered. */
function answerReaders(options: KubernetesOptions, reading: Reading): Record<string, OptionReader> {
  const flag: OptionReader = option => {
    if (reading.hasArguments(option, 0)) options.at.set(option.name.text, option);
  };
  return {
    ...{ endpoint_pod_names: flag, noendpoints: flag, zonal: flag },
    pods: option => {
      const [mode] = option.args;
      if (!reading.hasArguments(option, 1) || mode === undefined) return;
      options.pods = reading.choice(mode, ["disabled", "insecure", "verified"]) ?? options.pods;
    },
    namespaces: option => {
      if (!reading.hasArguments(option, 1, Infinity)) return;
      options.namespaces = [...options.namespaces, ...option.args.map(({ text }) => text)];
      options.at.set("namespaces", option);
    },
    ttl: option => {
      const word = onlyWord(option, reading);
      const ttlSeconds = word && reading.integer(word, 0, 3600);
      options.ttlSeconds = ttlSeconds ?? options.ttlSeconds;
    },
    fallthrough: option => {
      options.fallthroughZones = reading.zonesOr(option.args, [[]]);
    },
    ignore: option => {
      const word = option.args.length === 0 ? undefined : onlyWord(option, reading);
      if (word === undefined) hasNoEffect(option, reading, "write ignore empty_service");
      else if (reading.choice(word, ["empty_service"])) options.at.set("ignore", option);
    },
    multicluster: option => {
      options.multicluster = option.args;
      if (option.args.length === 0) hasNoEffect(option, reading, "name the zones that hold ServiceImports");
    },
  };
}

function readEndpoint(option: Directive, options: KubernetesOptions, reading: Reading): void {
  const [url, second] = option.args;
  if (!reading.hasArguments(option, 1, Infinity) || url === undefined) return;
  if (second !== undefined) {
    const what = `only the first endpoint, ${url.text}, is used`;
    reading.report(
      "COREFILE_NO_EFFECT",
      second.at,
      what,
      "remove the others, or put a load balancer in front",
    );
  }
  // As client-go has it, `host:port` will do.
  const isUrl = URL.canParse(url.text.includes("://") ? url.text : `http://${url.text}`);
  if (!isUrl) reading.wrongValue(url, `"${url.text}" is no URL`, "write it as https://host:port");
  options.endpoint = url.text;
  options.at.set("endpoint", option);
}

function readSelector(option: Directive, options: KubernetesOptions, reading: Reading): string | undefined {
  if (!reading.hasArguments(option, 1, Infinity)) return undefined;
  const selector = option.args.map(({ text }) => text).join(" ");
  const broken = brokenRequirement(selector);
  if (broken === undefined) {
    options.at.set(option.name.text, option);
    return selector;
  }
  const what = `"${broken.trim()}" is not part of a label selector`;
  reading.wrongValue(
    option.args[0] ?? option.name,
    what,
    "write it as for kubectl -l, such as tier in (a, b)",
  );
  return undefined;
}

/** The limits of client-go, which asks for many things at a time. */
function readLimit(option: Directive, reading: Reading, form: RegExp): void {
  const [word] = option.args;
  if (!reading.hasArguments(option, 1) || word === undefined) return;
  if (form.test(word.text)) {
    hasNoEffect(option, reading, "remove it: one list and one watch for each kind need no limit");
  } else reading.wrongValue(word, `"${word.text}" is no limit`, "write a number that is not negative");
}

/** The first argument; others are allowed and mean nothing. */
function onlyWord(option: Directive, reading: Reading): Word | undefined {
  const [word, ...surplus] = option.args;
  if (word === undefined) reading.hasArguments(option, 1);
  else reading.ignores(surplus, word);
  return word;
}

function hasNoEffect({ name }: Directive, reading: Reading, remedy: string): void {
  reading.report("COREFILE_NO_EFFECT", name.at, `${name.text} has no effect as it stands here`, remedy);
}
