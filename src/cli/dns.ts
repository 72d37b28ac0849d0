/** `frontdesk dns`: the cluster's DNS server, configured by the Corefile it finds. */

import { dictionary } from "../dns/plugins/order.ts";
import { createLineLog } from "../observe/line-log.ts";
import { reportFindings } from "./corefile-findings.ts";
import { corefileSource } from "./corefile-source.ts";
import { memberVariable } from "./group-messages.ts";
import { processCount } from "./process-count.ts";
import { defaultPortOf, nonEmpty, platform, print, serveDns } from "./serve-dns.ts";
import type { Given, Verb } from "./verb.ts";
import { UsageError } from "./verb.ts";
import { version } from "./version.ts";

export const dnsVerb: Verb = {
  name: "dns",
  summary:
    "Answer DNS as a Corefile says: cluster names from a Kubernetes API server, others from upstreams.",
  usage: "[-conf COREFILE] [FLAGS]",
  notes: [
    "Without -conf the file Corefile of the working directory is used; without that, what kubeadm gives CoreDNS:",
    "cluster.local from the API server, everything else from the name servers of /etc/resolv.conf.",
    "SIGUSR1 reads the Corefile again. FRONTDESK_LOG_FORMAT=json logs in JSON, FRONTDESK_LOG_LEVEL=debug more.",
  ],
  flags: [
    { name: "conf", value: "COREFILE", help: "the configuration; stdin or - reads standard input" },
    {
      name: "dns.port",
      short: "p",
      value: "PORT",
      default: "53",
      help: "port of plain DNS where the Corefile names none",
    },
    {
      name: "kubeconfig",
      value: "FILE",
      help: "how to reach the API server where the Corefile does not say; else $KUBECONFIG or the service account",
    },
    { name: "context", value: "NAME", help: "context of the kubeconfig to use instead of its current one" },
    { name: "pidfile", value: "FILE", help: "write the process id into this file" },
    { name: "plugins", help: "print the words a Corefile can use, in the order queries pass them, and end" },
    { name: "quiet", help: "print no start-up lines, and warnings and errors only" },
    { name: "version", help: "print the version and end" },
  ],
  run: runDns,
};

async function runDns(given: Given, stopped: Promise<unknown>): Promise<number> {
  const [surplus] = given.positionals;
  if (surplus !== undefined) {
    throw new UsageError(`"${surplus}" means nothing to frontdesk dns`, "see frontdesk help dns");
  }
  if (given.isSet("plugins")) return print(dictionary.plugins.map(({ name }) => `dns.${name}`));
  if (given.isSet("version")) return print([`Frontdesk-${version}`, platform()]);
  // Also when the one that has started this process is gone already: then this has nothing to do.
  const isStartedByFirst = process.env[memberVariable] !== undefined && process.send !== undefined;
  if (isStartedByFirst) return runFurther(given, stopped);
  const source = corefileSource(nonEmpty(given, "conf"), defaultPortOf(given));
  const corefile = source.load();
  const isShared = processCount(corefile.plan).count > 1;
  const lineLog = await createLineLog({ isQuiet: given.isSet("quiet"), isShared });
  reportFindings(corefile.plan.findings, lineLog.log);
  try {
    return await serveDns(given, stopped, source, corefile, lineLog);
  } finally {
    await lineLog.flush();
  }
}

/** The Corefile comes from the first process, which has also checked the command line. */
async function runFurther(given: Given, stopped: Promise<unknown>): Promise<number> {
  const { runMember } = await import("./group-member.ts");
  return runMember(Number(process.env[memberVariable]), given, stopped);
}
