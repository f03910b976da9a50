/**
 * A process that stands still for seconds (SIGSTOP): a laptop's lid, a paused virtual machine, a
 * debugger.
 */
import { expect, test } from "bun:test";
import { Sink } from "../../loadtest/sink/sink.ts";
import { Accounts } from "../support/process/accounts.ts";
import { Load } from "../support/process/load.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { within } from "../support/process/within.ts";

const emptyMaxMs = 60_000;

test("a pause loses nothing and repeats nothing", async () => {
  const accounts = new Accounts();
  await using sink = await Sink.start({ keep: "verdicts", arrived: accounts.arrived });
  await using godwit = await StandaloneProcess.prepare({
    routes: { "*": sink.endpoint },
    yaml: "delivery: { retry: { first: 1s, cap: 2s } }\n",
  });
  await godwit.start();
  const load = Load.start({
    to: godwit,
    sources: [
      "--messages 1000000 --sessions 6 --size 1024,70000 --domains 6",
      "--messages 1000000 --sessions 2 --domains 4 --local-part 451-at-rcpt-once",
    ],
  });
  await load.accepted(100);
  godwit.signal("SIGSTOP");
  // As long as it takes a client that waits four seconds for a greeting.
  const impatient = Load.start({ to: godwit, sources: ["--messages 1 --reply-timeout 4"] });
  expect(await impatient.finished()).toMatchObject([
    { sessionEnds: { "no reply to connect in time": 1 } },
  ]);
  godwit.signal("SIGCONT");
  await load.accepted(200);
  for (const { accepted, begun } of await load.stop()) expect(accepted).toBe(begun);
  const missing = () => load.missingIn([sink.ledger]);
  await within(emptyMaxMs, godwit.emptied(), () => `in the queue, or lost: ${missing()}`);
  expect(missing()).toEqual([]);
  expect([accounts.extraCopies, sink.counts.damaged]).toEqual([0, 0]);
  expect(await godwit.stop()).toBe(0);
}, 120_000);
