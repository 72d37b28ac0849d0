/** A server block with one zone from a file, in a folder that goes with the test file. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach } from "node:test";
import { file } from "../../../../src/dns/plugins/file/file.ts";
import type { Handler } from "../../../../src/dns/plugins/plugin.ts";
import { replyTo } from "../../../../src/dns/plugins/records-reply.ts";
import { rcodes } from "../../../../src/dns/wire/message.ts";
import { formatName } from "../../../../src/dns/wire/name.ts";
import { parseRecord } from "../../../../src/dns/zone-text/parse-record.ts";
import { type Rig, type RigOptions, startRig } from "../rig.ts";

export const plugins = [file];
export const directory = await mkdtemp(join(tmpdir(), "frontdesk-file-"));
after(() => rm(directory, { recursive: true }));

const running: Rig[] = [];
afterEach(() => Promise.all(running.splice(0).map(rig => rig.close())));

export const soaLine = "example.org. 60 IN SOA ns1.example.org. host.example.org. 1 7200 3600 1209600 300";
export const nsLine = "example.org. 60 IN NS ns1.example.org.";
export const zoneText = `
$TTL 60
@          SOA   ns1 host 1 7200 3600 1209600 300
           NS    ns1
           MX    10 mail
ns1        A     192.0.2.1
mail       A     192.0.2.2
           AAAA  2001:db8::2
WWW        A     192.0.2.3
_sip._tcp  SRV   0 0 5060 mail
           SRV   0 0 5060 elsewhere.net.
alias      CNAME www
chain      CNAME alias
loop       CNAME loop2
loop2      CNAME loop
outside    CNAME www.example.net.
dangling   CNAME nowhere
aliasless  CNAME ent
*.wild     A     192.0.2.4
           TXT   "any"
deep.sub.wild A  192.0.2.5
*.cwild    CNAME www
below.ent  A     192.0.2.6
moved      DNAME example.net.
inside     DNAME wild
child      NS    ns.child
           NS    ns.elsewhere.net.
           DS    1 8 2 00FF
ns.child   A     192.0.2.7
`;

/** Knows one name of another domain. */
export const upstream: Handler = query => {
  const isKnown = formatName(query.name) === "www.example.net.";
  const answers = isKnown ? [parseRecord("www.example.net. 9 A 192.0.2.9", [], 0)] : [];
  return replyTo(query.message, {
    plugin: "test",
    rcode: isKnown ? rcodes.NOERROR : rcodes.NXDOMAIN,
    answers,
    isFromUpstream: true,
  });
};

/** The zone example.org in a server block of everything. */
export async function startZone(text: string, options = "", more: Partial<RigOptions> = {}): Promise<Rig> {
  const path = join(directory, "zone");
  await writeFile(path, text);
  return startFile(`. {\n file ${path} example.org {\n ${options}\n }\n}`, more);
}

/** Closed when the test ends. */
export async function startFile(corefile: string, more: Partial<RigOptions> = {}): Promise<Rig> {
  const rig = await startRig(corefile, { plugins, ...more });
  running.push(rig);
  return rig;
}
