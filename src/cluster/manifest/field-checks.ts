/**
 * Zod schemas of single fields, with the API server's rules for them.
 *
 * A custom check carries the finding's code and remedy in `params`; `locate-issues.ts` turns them into findings.
 */

import { isIP } from "node:net";
import * as z from "zod";
import type { FindingCode } from "./finding.ts";

/** What a custom check says besides its message. */
export interface CheckParams {
  readonly code: FindingCode;
  readonly remedy: string;
}

function check<T>(isFine: (value: T) => boolean, error: string, code: FindingCode, remedy: string) {
  const params: CheckParams = { code, remedy };
  return [isFine, { error, params: { ...params } }] as const;
}

const labelPattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** RFC 1123 §2.1 label: Services, Namespaces, hostnames, Service port names. */
function isDNSLabel(value: string): boolean {
  return labelPattern.test(value);
}

/** RFC 1123 subdomain, up to 253 characters: names of all other objects. */
function isDNSSubdomain(value: string): boolean {
  return (
    value.length <= 253 && value.split(".").every(label => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label))
  );
}

/** IANA service name (RFC 6335 §5.1), lower case: container ports and named targetPorts. */
function isServiceName(value: string): boolean {
  return /^(?!.*--)(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(value);
}

/** Canonical text only (RFC 5952), so that an address is equal to another exactly when its text is. */
export function isCanonicalAddress(value: string): boolean {
  const version = isIP(value);
  if (version !== 6) return version === 4;
  return !value.includes("%") && new URL(`http://[${value}]`).hostname === `[${value}]`;
}

function isPortNumber(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535;
}

export const addressRemedy =
  "give an IPv4 address without leading zeros, or an IPv6 address in its shortest form in lower case (RFC 5952)";
const nameRemedy = "use lower-case letters, digits and '-', beginning and ending with a letter or digit";

export const dnsLabel = z
  .string()
  .refine(
    ...check(isDNSLabel, "is not a DNS label", "MANIFEST_NAME", `${nameRemedy}, at most 63 characters`),
  );

export const dnsSubdomain = z
  .string()
  .refine(
    ...check(isDNSSubdomain, "is not a DNS name", "MANIFEST_NAME", `${nameRemedy}, in parts joined by '.'`),
  );

/** `externalName` may end in a dot, which the API server ignores when it checks. */
export const externalHost = z
  .string()
  .refine(
    ...check<string>(
      value => isDNSSubdomain(value.replace(/\.$/, "")),
      "is not a DNS name",
      "MANIFEST_NAME",
      "give the name of a host, such as db.example.com; not an address, no port, no scheme",
    ),
  );

const serviceNameRemedy =
  "use at most 15 lower-case letters, digits and single '-', with at least one letter";

export const containerPortName = z
  .string()
  .refine(...check(isServiceName, "is not a port name", "MANIFEST_PORT_NAME", serviceNameRemedy));

export const servicePortName = z
  .string()
  .refine(
    ...check(
      isDNSLabel,
      "is not a DNS label",
      "MANIFEST_PORT_NAME",
      `${nameRemedy}; DNS answers for _<port name>._tcp`,
    ),
  );

export const portNumber = z
  .number()
  .refine(
    ...check(isPortNumber, "is not a port number", "MANIFEST_PORT", "give a whole number from 1 to 65535"),
  );

/** `spec.ports[].nodePort`: 0 means "allocate one". */
export const nodePortNumber = z
  .number()
  .refine(
    ...check<number>(
      value => value === 0 || (isPortNumber(value) && value >= 30000 && value <= 32767),
      "is not a node port",
      "MANIFEST_PORT",
      "give a number from 30000 to 32767, or leave it out to have one allocated",
    ),
  );

/** A container's port by number, or by name. */
export const targetPort = z.custom<number | string>(
  ...check<unknown>(
    value => isPortNumber(value) || (typeof value === "string" && isServiceName(value)),
    "is neither a port number nor the name of a container port",
    "MANIFEST_PORT",
    "give a number from 1 to 65535 without quotes, or the name of a container port",
  ),
);

export const protocol = z.enum(["TCP", "UDP", "SCTP"]);

/** An IP address; `words` are what the field may hold instead. */
export function addressOr(...words: readonly string[]) {
  return z
    .string()
    .refine(
      ...check<string>(
        value => words.includes(value) || isCanonicalAddress(value),
        "is not an IP address",
        "MANIFEST_ADDRESS",
        addressRemedy,
      ),
    );
}

export const address = addressOr();

export const count = z.number().int().min(0).max(100_000);

interface Named {
  readonly name?: string | undefined;
}

/** Ports with distinct names; one alone may go without. The finding points at the port that came second. */
export function portList<T extends z.ZodType<Named>>(port: T) {
  return z.array(port).superRefine((ports, context) => {
    const seen = new Set<string>();
    for (const [index, { name = "" }] of ports.entries()) {
      const problem = portNameProblem(name, seen, ports.length);
      if (problem !== undefined) context.addIssue({ code: "custom", path: [index, "name"], ...problem });
      seen.add(name);
    }
  });
}

function portNameProblem(name: string, seen: ReadonlySet<string>, portCount: number) {
  const code: FindingCode = "MANIFEST_PORT_NAME";
  if (name === "" && portCount > 1) {
    return {
      message: "is missing, and there are several ports",
      params: { code, remedy: "name every port; DNS and endpoints tell them apart by name" },
    };
  }
  if (!seen.has(name)) return undefined;
  return {
    message: "is the name of another port too",
    params: { code, remedy: "give every port of the list a name of its own" },
  };
}
