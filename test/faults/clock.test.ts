/** DESIGN §8: the wall clock of a machine steps: nothing is due twice, nothing waits for ever. */
import { expect, test } from "bun:test";
import { Sink } from "../../loadtest/sink/sink.ts";
import { Accounts } from "../support/process/accounts.ts";
import { Load } from "../support/process/load.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { within } from "../support/process/within.ts";

const hour = 3_600_000;
/** Much less than the step: what waited for it would still be there. */
const emptyMaxMs = 30_000;
/** Messages of each source, between two steps. */
const each = 25;
/** Of the second source, each in another shard. */
const domains = ["@d0.sink.example", "@d1.sink.example", "@d2.sink.example", "@d3.sink.example"];
/** What each message of the second source is told before it is taken. */
const refusals = 2;

test.each([
  ["back", [-hour]],
  ["forward and back again", [hour, 0]],
])(
  "put %s under load it loses nothing, repeats nothing and keeps nothing for the step",
  async (_, steps) => {
    const accounts = new Accounts();
    await using sink = await Sink.start({ keep: "verdicts", arrived: accounts.arrived });
    await using godwit = await StandaloneProcess.prepare({
      routes: { "*": sink.endpoint },
      yaml: "delivery: { retry: { first: 1s, cap: 2s } }\n",
    });
    let transient = 0;
    godwit.log.each(({ event, outcome }) => {
      if (event === "attempt" && outcome === "transient") transient += 1;
    });
    await godwit.start();
    // What is due within minutes is in its shard's memory from the first retries on.
    const retried = domains.map((domain) =>
      godwit.log.next((line) => line.attempt === 2 && String(line.recipient).endsWith(domain)),
    );
    const load = Load.start({
      to: godwit,
      sources: [
        "--messages 1000000 --sessions 4 --size 1024 --domains 6",
        `--rate 60 --messages 1000000 --sessions 2 --domains 4 --local-part 451-at-rcpt-${refusals}-times`,
      ],
    });
    await Promise.all([load.accepted(each), ...retried]);
    for (const [n, aheadMs] of steps.entries()) {
      await godwit.setClockAhead(aheadMs);
      await load.accepted(each * (n + 2));
    }
    const [, deferred] = await load.stop();
    const missing = () => load.missingIn([sink.ledger]);
    await within(emptyMaxMs, godwit.emptied(), () => `in the queue, or lost: ${missing().length}`);
    expect(missing()).toEqual([]);
    expect([accounts.extraCopies, sink.counts.damaged, sink.counts.notifications]).toEqual([
      0, 0, 0,
    ]);
    expect(await godwit.stop()).toBe(0);
    // Not once more for the step.
    expect(transient).toBe(refusals * (deferred?.accepted ?? 0));
  },
  90_000,
);
