/** The load generator's process: drives the load it is told to, one after the other, until its parent lets go. */

import { driveLoad } from "./drive-load.ts";
import { loadCalls } from "./load-calls.ts";
import type { LoadRequest, LoadResult } from "./load-request.ts";

export type LoadReply = LoadResult | { readonly error: string };

const calls = await loadCalls();
process.on("message", (request: LoadRequest) => {
  process.send?.(reply(request));
});
process.on("disconnect", () => process.exit());

function reply(request: LoadRequest): LoadReply {
  try {
    return driveLoad(calls, request);
  } catch (error) {
    return { error: String(error) };
  }
}
