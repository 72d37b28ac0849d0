/** The file of `loadbalance weighted` as it is now. */

import type { Word } from "../../corefile/syntax.ts";
import type { PluginHost } from "../plugin.ts";
import { PluginStartError } from "../plugin.ts";
import { rereadFile } from "../reread-file.ts";
import type { Weights } from "./weights.ts";
import { parseWeights } from "./weights.ts";

export interface WeightedPolicy {
  readonly file: Word;
  /** 0: the file is read once. */
  readonly reloadMs: number;
}

export interface WeightFile {
  /** Others after each change; the last that could be read while the file is away or wrong. */
  readonly weights: Weights;
  close(): void;
}

/** Throws PluginStartError for a file that is wrong, or that is not there and will not be looked for again. */
export async function openWeightFile(
  { file, reloadMs }: WeightedPolicy,
  { path, log }: PluginHost,
): Promise<WeightFile> {
  let weights: Weights = new Map();
  let isStarting = true;
  let problem: PluginStartError | undefined;
  const fail = (error: Error, isFatal: boolean) => {
    const what = `the weight file ${file.text} cannot be used: ${error.message}`;
    if (isStarting && isFatal) problem = new PluginStartError(file.at, what, "correct it", error);
    else log.warn({ file: file.text, err: error }, "the weight file cannot be used");
  };
  const reading = await rereadFile(path(file.text), reloadMs, {
    onText(text) {
      try {
        weights = parseWeights(text);
      } catch (error) {
        fail(error as Error, true);
      }
    },
    onError: (error: NodeJS.ErrnoException) => fail(error, reloadMs === 0 || error.code === "EISDIR"),
  });
  isStarting = false;
  if (problem !== undefined) {
    reading.close();
    throw problem;
  }
  return {
    get weights() {
      return weights;
    },
    close: () => reading.close(),
  };
}
