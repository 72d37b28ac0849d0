/** Objects by any number of keys each. */
export class ObjectIndex<T, Key = string> {
  readonly #byKey = new Map<Key, T | Set<T>>();
  readonly #keysOf: (object: T) => readonly Key[];

  constructor(keysOf: (object: T) => readonly Key[]) {
    this.#keysOf = keysOf;
  }

  get(key: Key): Iterable<T> {
    const found = this.#byKey.get(key);
    if (found === undefined) return [];
    return found instanceof Set ? found : [found];
  }

  update(before: T | undefined, after: T | undefined): void {
    if (before !== undefined) for (const key of this.#keysOf(before)) this.#delete(key, before);
    if (after !== undefined) for (const key of this.#keysOf(after)) this.#add(key, after);
  }

  // Most keys hold one object; a Set for each of 100 000 addresses would be the largest thing in memory.
  #add(key: Key, object: T): void {
    const found = this.#byKey.get(key);
    if (found === undefined || found === object) this.#byKey.set(key, object);
    else if (found instanceof Set) found.add(object);
    else this.#byKey.set(key, new Set([found, object]));
  }

  #delete(key: Key, object: T): void {
    const found = this.#byKey.get(key);
    if (found === object) this.#byKey.delete(key);
    else if (found instanceof Set) {
      found.delete(object);
      if (found.size > 1) return;
      for (const only of found) this.#byKey.set(key, only);
    }
  }
}
