/** The certificate of encrypted listeners, as the Corefile word `tls` names it. */

import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { createSecureContext, TLSSocket } from "node:tls";
import type { Place } from "../corefile/syntax.ts";
import { PluginStartError } from "../plugins/plugin.ts";
import type { TlsConfig } from "../plugins/tls.ts";

export interface TlsContext extends SecureContextOptions {
  readonly requestCert: boolean;
  /** Left to `isWelcome`, which knows what each mode asks for. */
  readonly rejectUnauthorized: false;
  readonly clientAuth: TlsConfig["clientAuth"];
}

/** Reads the files. Throws PluginStartError when one cannot be read or is no certificate. */
export async function openTlsContext(
  { cert, key, ca, clientAuth }: TlsConfig,
  path: (name: string) => string,
  at: Place,
): Promise<TlsContext> {
  const read = async (name: string) => {
    try {
      return await readFile(path(name));
    } catch (error) {
      const { message } = error as Error;
      throw new PluginStartError(
        at,
        `tls: cannot read ${path(name)}: ${message}`,
        "name a file that is there",
        error,
      );
    }
  };
  const files = {
    cert: await read(cert),
    key: await read(key),
    ...(ca === undefined ? {} : { ca: await read(ca) }),
  };
  try {
    createSecureContext(files);
  } catch (error) {
    const { message } = error as Error;
    const what = `tls: ${path(cert)} and ${path(key)} are no certificate and its key: ${message}`;
    throw new PluginStartError(at, what, "name PEM files that belong together", error);
  }
  return { ...files, requestCert: clientAuth !== "nocert", rejectUnauthorized: false, clientAuth };
}

/** Whether a client may go on after the handshake. */
export function isWelcome(socket: Socket, clientAuth: TlsConfig["clientAuth"] | undefined): boolean {
  if (!(socket instanceof TLSSocket)) return true;
  const hasCertificate = Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
  switch (clientAuth) {
    case "require":
      return hasCertificate;
    case "verify_if_given":
      return !hasCertificate || socket.authorized;
    case "require_and_verify":
      return socket.authorized;
    default:
      return true;
  }
}
