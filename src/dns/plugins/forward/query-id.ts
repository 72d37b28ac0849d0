/** Numbers nobody can guess, drawn from the system's generator a few thousand at a time. */

import { randomFillSync } from "node:crypto";

const drawn = new Uint16Array(4_096);
let next = drawn.length;

/** 0 … 65535, each as likely as the others. */
export function randomUint16(): number {
  if (next === drawn.length) {
    randomFillSync(drawn);
    next = 0;
  }
  return drawn[next++] as number;
}

/** A random id that is not among those in use. */
export function freshQueryId(used: ReadonlyMap<number, unknown>): number {
  let id = randomUint16();
  while (used.has(id)) id = randomUint16();
  return id;
}
