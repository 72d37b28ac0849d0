import { binaryType } from "../support/api-server/binary-object.ts";
import type { TestApiServer } from "../support/api-server.ts";

/** Objects are written in Protocol Buffers when they are listed for the first time: not while a start is timed. */
export async function listOnce({ url }: TestApiServer): Promise<void> {
  for (const path of ["/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices"]) {
    await (await fetch(url + path, { headers: { accept: binaryType } })).arrayBuffer();
  }
}
