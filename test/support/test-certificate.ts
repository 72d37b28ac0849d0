/** Certificates that sign themselves, made by the openssl program. */

import { execFileSync } from "node:child_process";

export interface TestCertificate {
  /** PEM. */
  readonly key: string;
  /** PEM; also the CA that the other side has to trust. */
  readonly cert: string;
}

/** `subjects`: `IP:127.0.0.1`, `DNS:dns.test`; one at least. */
export function makeTestCertificate(...subjects: readonly string[]): TestCertificate {
  const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const who = ["-subj", "/CN=test", "-addext", `subjectAltName=${subjects.join(",")}`];
  const pem = execFileSync("openssl", ["req", ...what, ...who, "-keyout", "-"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const end = "-----END PRIVATE KEY-----\n";
  const [key = "", cert = ""] = pem.split(end);
  return { key: key + end, cert };
}
