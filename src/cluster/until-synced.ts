import type { Kind } from "./objects.ts";
import type { ClusterStore } from "./store.ts";

/** Resolves when everything of these kinds has been delivered once. */
export function untilSynced(store: ClusterStore, kinds: readonly Kind[]): Promise<void> {
  return new Promise(resolve => {
    const check = () => {
      if (!kinds.every(kind => store.isSynced(kind))) return;
      end();
      resolve();
    };
    const end = store.onSynced(check);
    check();
  });
}
