/** What an operator's command answers, once that is what is waited for. */

interface Operated {
  operate(...words: string[]): Promise<{ readonly out: string }>;
}

/** What has happened at a sink, or stands in a log, may not be known to the queue yet. */
const triesMax = 50;

/** The last answer, whatever it says, when it never comes to match. */
export async function answered(
  by: Operated,
  words: readonly string[],
  wanted: RegExp,
): Promise<string> {
  let out = "";
  for (let tries = 0; tries < triesMax && !wanted.test(out); tries++) {
    out = (await by.operate(...words)).out;
  }
  return out;
}
