import { rcodes } from "../../wire/message.ts";
import { typeCodes } from "../../wire/record.ts";
import type { Exchange } from "../plugin.ts";

export type AnswerClass = "success" | "denial" | "error";

/**
 * What kind of answer it was, as CoreDNS tells them apart: a denial is NXDOMAIN or an empty NOERROR, each with a SOA;
 * transfers and everything else are "error".
 */
export function answerClassOf({ query, outcome }: Exchange): AnswerClass {
  const { type } = query.question;
  if (outcome.kind !== "reply" || type === typeCodes.AXFR || type === typeCodes.IXFR) return "error";
  const { rcode, answers, authorities } = outcome.message;
  const isNoError = rcode === rcodes.NOERROR;
  if (isNoError && answers.length > 0) return "success";
  const hasSoa = authorities.some(({ data }) => data.type === "SOA");
  if (hasSoa && (isNoError || rcode === rcodes.NXDOMAIN)) return "denial";
  return isNoError ? "success" : "error";
}
