/** Corefile word `tls`: the certificate of listeners for DNS over TLS and over HTTPS. */

import type { Directive } from "../corefile/syntax.ts";
import { definePlugin } from "./plugin.ts";

const clientAuths = ["nocert", "request", "require", "verify_if_given", "require_and_verify"] as const;

export interface TlsConfig {
  /** File names. */
  readonly cert: string;
  readonly key: string;
  /** Of the authorities whose client certificates are accepted. */
  readonly ca: string | undefined;
  readonly clientAuth: (typeof clientAuths)[number];
}

export const tls = definePlugin<TlsConfig>({
  name: "tls",

  read(stanzas, reading) {
    reading.isOnce(stanzas);
    const [stanza] = stanzas;
    const [cert, key, ca] = stanza.args;
    let clientAuth: TlsConfig["clientAuth"] = "nocert";
    for (const option of stanza.block ?? []) {
      if (option.name.text === "client_auth") clientAuth = readClientAuth(option) ?? clientAuth;
      else {
        // Whatever it is, it would say who is let in, or with what.
        reading.report(
          "COREFILE_UNSAFE_TO_IGNORE",
          option.name.at,
          `tls has no option "${option.name.text}" here`,
          "remove it, or write client_auth",
        );
      }
    }
    if (!reading.hasArguments(stanza, 2, 3) || cert === undefined || key === undefined) return undefined;
    return { cert: cert.text, key: key.text, ca: ca?.text, clientAuth };

    function readClientAuth(option: Directive): TlsConfig["clientAuth"] | undefined {
      const [word] = option.args;
      return reading.hasArguments(option, 1) && word !== undefined
        ? reading.choice(word, clientAuths)
        : undefined;
    }
  },

  explain: ({ cert, clientAuth }) => [
    `Encrypted listeners show the certificate in ${cert}${
      clientAuth === "nocert" ? "" : `; client certificates: ${clientAuth}`
    }.`,
  ],
});
