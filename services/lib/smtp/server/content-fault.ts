/** What content is refused for, however it came: by DATA, or as a whole by another way. */
import type { DataFault } from "../data-reader.ts";
import { scanPlainLines } from "../line-scan.ts";
import type { PermanentReply } from "../reply.ts";
import { countReceived } from "../trace-count.ts";
import { replies } from "./replies.ts";
import type { ServerLimits } from "./step.ts";

type ContentLimits = Pick<ServerLimits, "messageSizeMax" | "contentLineMax" | "receivedFieldsMax">;

export const dataFaults: Readonly<Record<DataFault, PermanentReply>> = {
  bareCrOrLf: replies.contentBareCrOrLf,
  lineTooLong: replies.contentLineTooLong,
  tooBig: replies.tooBig,
};

/** RFC 5321 §6.3. Of content whose lines are as they should be. */
export function loopFault(
  content: Uint8Array,
  { receivedFieldsMax }: Pick<ServerLimits, "receivedFieldsMax">,
): PermanentReply | undefined {
  return countReceived(content) > receivedFieldsMax ? replies.loop : undefined;
}

/** Of content without transparency dots, such as HTTP brings. */
export function contentFault(
  content: Uint8Array,
  limits: ContentLimits,
): PermanentReply | undefined {
  if (content.length > limits.messageSizeMax) return dataFaults.tooBig;
  const scan = scanPlainLines(content);
  if (scan === undefined) return dataFaults.bareCrOrLf;
  if (scan.longest > limits.contentLineMax) return dataFaults.lineTooLong;
  return loopFault(content, limits);
}
