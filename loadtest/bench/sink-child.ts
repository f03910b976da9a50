/** The other end of `sink-process.ts`. */
import { systemClock } from "#lib/clock";
import { systemRandom } from "#lib/random";
import { loadTransport } from "../net/load-transport.ts";
import { Sink } from "../sink/sink.ts";
import type { Question, Told } from "./sink-process.ts";

const keep = process.argv[2] === "verdicts" ? "verdicts" : "samples";
const sink = await Sink.start(
  { keep },
  { transport: loadTransport("clear"), clock: systemClock, random: systemRandom },
);
tell({ event: "listening", endpoint: sink.endpoint });

process.on("message", (question: Question) => {
  if (question.ask === "misbehave") {
    sink.misbehave(...question.words);
    tellReached();
    return;
  }
  const { distinct, timeoutMs } = question;
  const reached = sink.until((_, ledger) => ledger.distinct >= distinct);
  void Promise.race([reached, systemClock.sleep(timeoutMs)]).then(tellReached);
});
// Whoever started us is gone.
process.on("disconnect", () => process.exit());

function tellReached(): void {
  const { total: copies, distinct } = sink.ledger;
  const { lastNewAt, damaged } = sink.counts;
  tell({ event: "reached", distinct, copies, lastNewAt, damaged, faults: sink.faultCounts });
}

function tell(told: Told): void {
  process.send?.(told);
}
