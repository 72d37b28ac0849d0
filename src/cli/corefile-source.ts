/** Where the configuration comes from: the file named, the one in the working directory, or kubeadm's. */

import { existsSync, readFileSync } from "node:fs";
import type { CorefilePlan } from "../dns/corefile/plan.ts";
import { readCorefile } from "../dns/corefile/read-corefile.ts";
import { dictionary } from "../dns/plugins/order.ts";
import type { Plugin } from "../dns/plugins/plugin.ts";
import { diskFiles } from "./corefile-disk.ts";
import type { CorefileTexts } from "./corefile-texts.ts";
import { rememberedFiles, rememberFiles } from "./corefile-texts.ts";
import { UsageError } from "./verb.ts";

/** What kubeadm gives CoreDNS, but for the port, which is the command line's. */
const usualCorefile = `. {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
        max_concurrent 1000
    }
    cache 30 {
        disable success cluster.local
        disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`;

export interface LoadedCorefile {
  readonly plan: CorefilePlan<Plugin>;
  /** Equal for files that say the same. */
  readonly fingerprint: string;
  readonly texts: CorefileTexts;
}

export interface CorefileSource {
  /** As messages name it. */
  readonly name: string;
  /** Reads it again. Throws UsageError when it cannot be read. */
  load(): LoadedCorefile;
}

/** `named` is the value of `-conf`, `defaultPort` that of `-dns.port`. */
export function corefileSource(named: string | undefined, defaultPort: number): CorefileSource {
  if (named === "stdin" || named === "-") {
    const text = readFileSync(0, "utf8");
    return { name: "stdin", load: () => loadText("stdin", text, defaultPort) };
  }
  if (named === undefined && !existsSync("Corefile")) {
    return { name: "the built-in Corefile", load: () => loadText("built-in", usualCorefile, defaultPort) };
  }
  const file = named ?? "Corefile";
  return { name: file, load: () => loadText(file, readText(file), defaultPort) };
}

export function loadText(file: string, text: string, defaultPort: number): LoadedCorefile {
  const files = rememberFiles(diskFiles());
  const read = readCorefile({ file, text, files, environment: process.env }, dictionary, defaultPort);
  return { ...read, texts: { file, text, imports: files.imports } };
}

/** What another process has loaded. */
export function loadTexts(texts: CorefileTexts, defaultPort: number): LoadedCorefile {
  const { file, text, imports } = texts;
  const files = rememberedFiles(imports);
  return { ...readCorefile({ file, text, files, environment: process.env }, dictionary, defaultPort), texts };
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `cannot read the Corefile ${file}: ${(error as Error).message}`,
      "name a file that is there with -conf, or leave the flag out",
    );
  }
}
