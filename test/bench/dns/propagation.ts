/** From a change in the cluster, acknowledged by the API server, to the answer that has it. */

import { addressToBytes } from "../../../src/dns/wire/address.ts";
import { rcodes } from "../../../src/dns/wire/message.ts";
import type { ServerAddress } from "../../support/dns-client.ts";
import { BenchObjects } from "./bench-objects.ts";
import { Prober } from "./prober.ts";

/** Milliseconds, one for each change. */
export interface Propagation {
  /** A name that was denied until then has an address. */
  readonly created: readonly number[];
  /** A headless Service has another endpoint. */
  readonly endpoint: readonly number[];
  /** A name that had an address is denied. */
  readonly deleted: readonly number[];
}

const endpointCount = 10;
/** So often that the server may have a reply ready, which must not be given any more. */
const asksBefore = 3;

export async function measurePropagation(
  objects: BenchObjects,
  server: ServerAddress,
  changes: number,
): Promise<Propagation> {
  using prober = await Prober.open(server);
  const created: number[] = [];
  const deleted: number[] = [];
  const endpoint: number[] = [];
  const headless = "headless";
  await objects.createHeadless(headless, endpointsOf(0));
  for (let change = 1; change <= changes; change += 1) {
    const id = `${change}`;
    created.push(await timeChange(prober, id, isDenied, () => objects.createService(id), hasAnswer));
    deleted.push(await timeChange(prober, id, hasAnswer, () => objects.removeService(id), isDenied));
    const newest = Buffer.from(addressToBytes(newestOf(change)));
    const move = () => objects.changeEndpoints(headless, endpointsOf(change));
    endpoint.push(await timeChange(prober, headless, hasAnswer, move, reply => reply.includes(newest)));
  }
  await objects.removeHeadless(headless);
  return { created, endpoint, deleted };
}

async function timeChange(
  prober: Prober,
  id: string,
  isAsBefore: (reply: Buffer) => boolean,
  change: () => Promise<void>,
  isDone: (reply: Buffer) => boolean,
): Promise<number> {
  const name = BenchObjects.nameOf(id);
  for (let ask = 0; ask < asksBefore; ask += 1) await prober.until(name, isAsBefore);
  await change();
  const acknowledgedAtMs = performance.now();
  await prober.until(name, isDone);
  return performance.now() - acknowledgedAtMs;
}

function hasAnswer(reply: Buffer): boolean {
  return reply.readUInt16BE(6) > 0;
}

function isDenied(reply: Buffer): boolean {
  return (reply.readUInt8(3) & 0xf) === rcodes.NXDOMAIN;
}

/** One of them is another one after each change. */
function endpointsOf(change: number): readonly string[] {
  const others = Array.from({ length: endpointCount - 1 }, (_, place) => `10.250.0.${place + 1}`);
  return [newestOf(change), ...others];
}

function newestOf(change: number): string {
  return `10.251.${change >> 8}.${change & 255}`;
}
