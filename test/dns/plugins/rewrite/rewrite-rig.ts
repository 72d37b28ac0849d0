/** A server block with `rewrite` in front of an upstream that shows what it was asked. */

import { metadata } from "../../../../src/dns/plugins/metadata.ts";
import type { Outcome } from "../../../../src/dns/plugins/outcome.ts";
import { definePlugin } from "../../../../src/dns/plugins/plugin.ts";
import type { Query } from "../../../../src/dns/plugins/query.ts";
import type { ReplyParts } from "../../../../src/dns/plugins/records-reply.ts";
import { replyTo } from "../../../../src/dns/plugins/records-reply.ts";
import { rewrite } from "../../../../src/dns/plugins/rewrite/rewrite.ts";
import { formatName } from "../../../../src/dns/wire/name.ts";
import { parseRecord } from "../../../../src/dns/zone-text/parse-record.ts";
import type { AskOptions } from "../rig.ts";
import { type Answer, startRig } from "../rig.ts";

/** Records in zone text; `@` is the name that was asked for. */
export interface UpstreamAnswer extends Pick<ReplyParts, "rcode" | "isFromUpstream"> {
  readonly answers?: readonly string[];
  readonly authorities?: readonly string[];
  readonly additionals?: readonly string[];
}

export interface Exchange {
  readonly answer: Answer;
  /** Questions as upstream saw them, the last one last. */
  readonly seen: readonly Query[];
}

/** Metadata `rig/word`. */
const described = definePlugin<true>({
  name: "described",
  read: () => true,
  explain: () => [],
  start: () => ({
    describe(_query, known) {
      known.set("rig/word", () => "abcd");
    },
  }),
});

/** Asks one question through these stanzas. */
export async function askThrough(
  stanzas: string,
  question: string,
  upstream: UpstreamAnswer | ((query: Query) => UpstreamAnswer | Outcome) = {},
  options: AskOptions = {},
): Promise<Exchange> {
  const seen: Query[] = [];
  const rig = await startRig(`. {\n${stanzas}\ndescribed\n}`, {
    plugins: [metadata, rewrite, described],
    upstream(query) {
      seen.push(query);
      const answer = typeof upstream === "function" ? upstream(query) : upstream;
      return "kind" in answer ? answer : replyFrom(query, answer);
    },
  });
  return { answer: await rig.ask(question, options), seen };
}

function replyFrom({ message, question }: Query, answer: UpstreamAnswer) {
  const asked = formatName(question.name);
  const records = (lines: readonly string[] = []) =>
    lines.map(line => parseRecord(line.replaceAll("@", asked), [], 300));
  const { answers, authorities, additionals, ...rest } = answer;
  return replyTo(message, {
    plugin: "upstream",
    ...rest,
    answers: records(answers),
    authorities: records(authorities),
    additionals: records(additionals),
  });
}
