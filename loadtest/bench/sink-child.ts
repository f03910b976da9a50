/** The other end of `sink-process.ts`. */
import { systemClock } from "#lib/clock";
import { systemRandom } from "#lib/random";
import { loadTransport } from "../net/load-transport.ts";
import { Sink } from "../sink/sink.ts";
import type { Question, Told } from "./sink-process.ts";

const sink = await Sink.start(
  { keep: "samples" },
  { transport: loadTransport("clear"), clock: systemClock, random: systemRandom },
);
tell({ event: "listening", endpoint: sink.endpoint });

process.on("message", ({ distinct, timeoutMs }: Question) => {
  const reached = sink.until((_, ledger) => ledger.distinct >= distinct);
  void Promise.race([reached, systemClock.sleep(timeoutMs)]).then(() => {
    const { total: copies, distinct: now } = sink.ledger;
    const { lastNewAt, damaged } = sink.counts;
    tell({ event: "reached", distinct: now, copies, lastNewAt, damaged });
  });
});
// Whoever started us is gone.
process.on("disconnect", () => process.exit());

function tell(told: Told): void {
  process.send?.(told);
}
