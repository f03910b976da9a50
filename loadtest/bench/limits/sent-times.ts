/** When workers began their attempts, as their logs tell it: beside it the sink's times show what the way adds. */
import { z } from "zod";

const line = z.object({
  time: z.string(),
  event: z.literal("attempt"),
  recipient: z.string(),
  duration_ms: z.number(),
});

/** Milliseconds since the epoch, ascending, of all logs together. */
export function sentTimes(logs: readonly string[], domain: string): readonly number[] {
  const times: number[] = [];
  for (const text of logs.flatMap((log) => log.split("\n"))) {
    if (!text.includes('"event":"attempt"')) continue;
    const { success, data } = line.safeParse(JSON.parse(text));
    if (success && data.recipient.endsWith(domain)) {
      times.push(Date.parse(data.time) - data.duration_ms);
    }
  }
  return times.sort((a, b) => a - b);
}
