/** The body of a watch: one JSON event a line, in chunks that may end anywhere. */

import type { RawObject } from "../trim.ts";

type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

export interface WatchEvent {
  readonly type: WatchEventType;
  /** The object; with BOOKMARK only its resourceVersion, with ERROR a Status. */
  readonly object: RawObject;
}

/** An object of etcd has at most a few MB; without a limit a server that never ends its line would fill the memory. */
const maxLineBytes = 16 * 1024 * 1024;
const newline = 0x0a;

/** Yields event by event until the stream ends; throws for a line that is no event and for an end inside a line. */
export async function* readWatchEvents(
  stream: AsyncIterable<Buffer>,
): AsyncGenerator<WatchEvent, void, void> {
  for await (const line of readLines(stream)) {
    if (line !== "") yield parseEvent(line);
  }
}

// Lines are cut as bytes and decoded whole, so a chunk may end inside a UTF-8 sequence.
async function* readLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string, void, void> {
  let unfinished: Buffer[] = [];
  let unfinishedBytes = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      unfinished.push(chunk.subarray(start, end));
      yield unfinished.length === 1
        ? chunk.toString("utf8", start, end)
        : Buffer.concat(unfinished).toString();
      unfinished = [];
      unfinishedBytes = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    unfinished.push(chunk.subarray(start));
    unfinishedBytes += chunk.length - start;
    if (unfinishedBytes > maxLineBytes) throw new Error(`a watch event is longer than ${maxLineBytes} bytes`);
  }
  if (unfinishedBytes > 0) throw new Error("the watch ended inside an event");
}

const eventTypes: readonly string[] = ["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"];

function parseEvent(line: string): WatchEvent {
  let event: Partial<WatchEvent> | null;
  try {
    event = JSON.parse(line) as Partial<WatchEvent> | null;
  } catch {
    throw new Error(`a watch event is not JSON: ${excerpt(line)}`);
  }
  const { type, object } = event ?? {};
  const isComplete = type === "ERROR" ? object : object?.metadata?.resourceVersion;
  if (!isComplete || !eventTypes.includes(type ?? "")) throw new Error(`not a watch event: ${excerpt(line)}`);
  return event as WatchEvent;
}

function excerpt(line: string): string {
  return line.length <= 60 ? line : `${line.slice(0, 60)}…`;
}
