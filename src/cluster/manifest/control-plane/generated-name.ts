import { hash } from "node:crypto";

/** Letters and digits that spell no words and are not mistaken for each other (k8s.io/apimachinery util/rand). */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Names longer than this are cut before a suffix is added (k8s.io/apiserver storage/names). */
const longestBase = 58;

/** `length` characters of Kubernetes's alphabet that depend on `identity` alone. */
export function suffixOf(identity: string, length: number): string {
  const digest = hash("sha256", identity, "buffer");
  return [...digest.subarray(0, length)].map(byte => alphabet[byte % alphabet.length]).join("");
}

/**
 * `base` and five characters that depend on `identity`; others only when that name is in `taken`, to which the
 * result is added.
 */
export function generateName(base: string, identity: string, taken: Set<string>): string {
  for (let attempt = 0; ; attempt++) {
    const suffix = suffixOf(attempt === 0 ? identity : `${identity}#${attempt}`, 5);
    const name = `${base.slice(0, longestBase)}${suffix}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}
