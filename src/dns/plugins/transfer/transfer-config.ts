/** `transfer [ZONE…] { to ADDRESS…|*; source ADDRESS }` */

import { isIP } from "node:net";
import type { BlockContext } from "../../corefile/plan.ts";
import type { Reading } from "../../corefile/reading.ts";
import type { Directive, Word } from "../../corefile/syntax.ts";
import type { Name } from "../../wire/name.ts";
import { formatName } from "../../wire/name.ts";
import type { Endpoint } from "./notify.ts";

export interface TransferStanza {
  readonly zones: readonly Name[];
  /** Who may take the zones and hears of their changes. */
  readonly to: readonly Endpoint[];
  /** Everybody may take them. */
  readonly allowsAll: boolean;
  /** Own address that notifications come from. */
  readonly source: string | undefined;
}

const defaultPort = 53;

export function readStanza(
  stanza: Directive,
  reading: Reading,
  block: BlockContext,
): TransferStanza | undefined {
  const ownZones = block.keys.map(({ zone }) => zone);
  const zones = reading.zonesOr(stanza.args, ownZones);
  const to: Endpoint[] = [];
  let isOpen = false;
  let isSaid = false;
  let source: string | undefined;
  reading.options(stanza, {
    to: option => {
      isSaid = true;
      if (!reading.hasArguments(option, 1, Infinity)) return;
      for (const word of option.args) {
        const endpoint = word.text === "*" ? undefined : readEndpoint(word, reading);
        if (word.text === "*") isOpen = true;
        if (endpoint !== undefined) to.push(endpoint);
      }
    },
    source: option => {
      const [word] = option.args;
      if (!reading.hasArguments(option, 1) || word === undefined) return;
      source = reading.ipAddress(word);
    },
  });
  if (!isSaid) {
    reading.report(
      "COREFILE_MISSING",
      stanza.name.at,
      "transfer does not say who may take the zones",
      "write to and addresses, or to *",
    );
    return undefined;
  }
  return { zones, to, allowsAll: isOpen, source };
}

/** `10.0.0.1`, `10.0.0.1:5300`, `fd00::1`, `[fd00::1]:5300`. */
function readEndpoint(word: Word, reading: Reading): Endpoint | undefined {
  if (isAddress(word.text)) return { address: word.text, port: defaultPort };
  const [, bracketed, plain, portText] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(word.text) ?? [];
  const address = bracketed ?? plain ?? "";
  const port = Number(portText ?? defaultPort);
  if (isAddress(address) && port > 0 && port < 65_536) return { address, port };
  reading.wrongValue(
    word,
    `"${word.text}" is not the address of a server`,
    "write an address such as 10.0.0.53 or 10.0.0.53:5300, or *",
  );
  return undefined;
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

export function explainStanza({ zones, to, allowsAll, source }: TransferStanza): string {
  const names = zones.map(formatName).join(", ");
  const servers = to
    .map(({ address, port }) => (port === defaultPort ? address : `${address} port ${port}`))
    .join(", ");
  const from = source === undefined ? "" : ` from ${source}`;
  const told =
    servers === ""
      ? ""
      : ` ${servers} ${to.length === 1 ? "is" : "are"} told${from} when a zone from a file changes.`;
  return `Gives whole zones (${names}) over TCP to ${allowsAll ? "everybody" : servers}.${told}`;
}
