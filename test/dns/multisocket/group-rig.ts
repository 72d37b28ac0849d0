/** Frontdesk with `multisocket`, and many clients of it: the kernel gives each of them to one of the processes. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { corefileFixture } from "../../cli/corefile-fixture.ts";
import { type ExposedFamily, parseExposition } from "../../observe/exposition.ts";
import { Command } from "../../support/command.ts";
import type { ServerAddress } from "../../support/dns-client.ts";
import { freePort, ownAddress } from "../../support/own-address.ts";
import { until } from "../../support/until.ts";
import { Crowd } from "./crowd.ts";

export interface GroupOptions {
  /** The argument of `multisocket`; undefined: the word is not there. */
  readonly count?: number | undefined;
  /** Of `www.example.org`. */
  readonly address?: string;
  /** More lines of the server block. */
  readonly more?: string;
}

export type Group = Awaited<ReturnType<typeof startGroup>>;

/** Resolves when it is ready, or only serving. */
export async function startGroup(context: TestContext, options: GroupOptions, goal = "ready") {
  const [port, metricsPort, readyPort] = [await freePort(), await freePort(), await freePort()];
  const corefile = ({ count, address = "192.0.2.1", more = "" }: GroupOptions) => `.:${port} {
    bind ${ownAddress}
    ${count === undefined ? "" : `multisocket ${count}`}
    prometheus ${ownAddress}:${metricsPort}
    ready ${ownAddress}:${readyPort}
    errors
    ${more}
    hosts /dev/null {
        ${address} www.example.org
        fallthrough
    }
}
`;
  const fixture = await corefileFixture(context, corefile(options));
  const command = Command.start("dns", "-conf", fixture.file);
  context.after(() => command.stop("SIGKILL"));
  await command.until(({ stdout }) => (stdout.includes("Frontdesk-") ? true : undefined));
  const processId = command.process.pid ?? assert.fail();
  const server: ServerAddress = { host: ownAddress, port };
  const ready = async () => {
    const response = await fetch(`http://${ownAddress}:${readyPort}/ready`);
    return `${response.status} ${(await response.text()).trim()}`;
  };
  const untilReady = () => eventually(async () => (await ready()) === "200 OK" || undefined);
  if (goal === "ready") await untilReady();
  const metrics = async (): Promise<ReadonlyMap<string, ExposedFamily>> => {
    const response = await fetch(`http://${ownAddress}:${metricsPort}/metrics`);
    return parseExposition(await response.text());
  };
  return {
    command,
    server,
    ready,
    untilReady,
    metrics,
    /** Of one family, added up over its labels. */
    async total(name: string): Promise<number> {
      const samples = (await metrics()).get(name)?.samples ?? [];
      return samples.reduce((sum, { value }) => sum + value, 0);
    },
    /** Process ids of all but the first. */
    others(): readonly number[] {
      const text = readFileSync(`/proc/${processId}/task/${processId}/children`, "utf8");
      return text.split(" ").filter(Boolean).map(Number);
    },
    /** How many sockets of the machine have the server's UDP port. */
    socketCount(): number {
      const local = `${hexAddress(ownAddress)}:${port.toString(16).toUpperCase().padStart(4, "0")}`;
      const lines = readFileSync("/proc/net/udp", "utf8").split("\n");
      return lines.filter(line => line.trim().split(/\s+/)[1] === local).length;
    },
    /** Writes the file, asks for a reload, and waits until it is told how that went. */
    async reload(next: GroupOptions | string, heard = "Reloading complete"): Promise<void> {
      const before = command.stdout.length;
      await fixture.write(typeof next === "string" ? next : corefile(next));
      command.process.kill("SIGUSR1");
      await command.until(({ stdout }) => (stdout.slice(before).includes(heard) ? true : undefined));
    },
    /** So many that each process of a few gets some of them: by chance it goes wrong once in millions. */
    crowd: () => Crowd.open(context, server, 48),
  };
}

/** Asks again until there is something. */
export function eventually<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  return until(String(look), look);
}

/** As /proc/net has it. */
function hexAddress(address: string): string {
  const octets = address.split(".").map(octet => Number(octet).toString(16).toUpperCase().padStart(2, "0"));
  return octets.reverse().join("");
}
