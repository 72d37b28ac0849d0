/** A certificate for 127.0.0.1 that signs itself, made by the openssl program. */

import { execFileSync } from "node:child_process";

export interface Certificate {
  /** PEM. */
  readonly key: string;
  /** PEM; also the CA that clients have to trust. */
  readonly cert: string;
}

export function makeCertificate(): Certificate {
  const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const who = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const pem = execFileSync("openssl", ["req", ...what, ...who, "-keyout", "-"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const end = "-----END PRIVATE KEY-----\n";
  const [key = "", cert = ""] = pem.split(end);
  return { key: key + end, cert };
}
