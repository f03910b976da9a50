/**
 * kill -9 under load, again and again: whatever got a 250 arrives, intact, and a second copy has
 * only who was in doubt (ADR 0001, DESIGN §4).
 */
import { expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { Sink } from "../../loadtest/sink/sink.ts";
import { failureOf } from "../support/failure.ts";
import { Accounts } from "../support/process/accounts.ts";
import { Load } from "../support/process/load.ts";
import { Moments } from "../support/process/moments.ts";
import { owedIn } from "../support/process/owed.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { within } from "../support/process/within.ts";

const rounds = 20;
const seed = Number(process.env.CRASH_SEED ?? 1);
const emptyMaxMs = 60_000;
/**
 * Messages that are begun, or arrive, until the next kill: often before the restart is worked off.
 */
const eventsMax = 300;

/** A session is at the final dot of one message, and a unit has at most two recipients here. */
const doubtsPerSession = 2;

const sizes = "--size 1024,4096,20000,70000,200000";
const sources = [
  `--messages 1000000 --reconnect --sessions 6 ${sizes} --domain up.example --domains 6`,
  // Several units, and several recipients in one.
  `--messages 1000000 --reconnect --sessions 2 --recipients 5 --domain up.example --domains 3 --local-part many`,
  // Each recipient is deferred once.
  `--messages 1000000 --reconnect --sessions 2 ${sizes} --domain up.example --domains 4 --local-part 451-at-rcpt-once`,
  // A destination that is down every other time; and content too large to stand in the log.
  `--messages 1000000 --reconnect --sessions 1 --size 1024,1200000 --domain flaky.example --local-part flaky`,
];

/** Between taking over what the last life left and listening. */
async function killedAsItStarts(
  godwit: StandaloneProcess,
  kill: () => Promise<void>,
): Promise<void> {
  const claimed = godwit.log.times("shard_claimed", 1);
  const started = failureOf(godwit.start());
  await claimed;
  await kill();
  await started;
}

/** With some of its shards given back, and some not. */
async function killedAsItStops(
  godwit: StandaloneProcess,
  kill: () => Promise<void>,
): Promise<void> {
  const released = godwit.log.times("shard_released", 1);
  godwit.signal("SIGTERM");
  await released;
  await kill();
}

test(`kill -9 in ${rounds} moments of a run (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const moments = new Moments<"begun" | "arrived">();
  const accounts = new Accounts();
  const arrived: NonNullable<Parameters<typeof Sink.start>[0]>["arrived"] = (message) => {
    accounts.arrived(message);
    moments.happened("arrived");
  };
  await using up = await Sink.start({ keep: "verdicts", arrived });
  await using flaky = await Sink.start({ keep: "verdicts", arrived, faults: ["421-at-connect"] });
  await using godwit = await StandaloneProcess.prepare({
    routes: { "*.up.example": up.endpoint, "flaky.example": flaky.endpoint },
    yaml: "edgeThreads: 1\ndelivery: { retry: { first: 1s, cap: 2s } }\n",
  });
  await godwit.start();
  const load = Load.start({ to: godwit, sources, begun: () => moments.happened("begun") });
  /** Once all that the last life sent is here. Resolves with what the queue owes now. */
  const lifeEnded = async () => {
    const over = ({ sessionsOpen }: Sink["counts"]) => sessionsOpen === 0;
    await Promise.all([up.until(over), flaky.until(over)]);
    const owed = await owedIn(godwit.database);
    accounts.lifeEnded(owed);
    return owed;
  };
  let sessionsCut = 0;
  const kill = () => {
    sessionsCut += up.counts.sessionsOpen + flaky.counts.sessionsOpen;
    return godwit.kill();
  };
  for (let round = 1; round <= rounds; round++) {
    const kind = random.below(2) === 0 ? "begun" : "arrived";
    await moments.at(kind, 1 + random.below(eventsMax), kill);
    await lifeEnded();
    flaky.misbehave(...(round % 2 === 0 ? ["421-at-connect"] : []));
    if (round % 4 === 0) {
      await killedAsItStarts(godwit, kill);
      await lifeEnded();
    }
    await godwit.start();
    if (round % 5 === 0) {
      await killedAsItStops(godwit, kill);
      await lifeEnded();
      await godwit.start();
    }
  }
  flaky.misbehave();
  await load.stop();
  const missing = () => load.missingIn([up.ledger, flaky.ledger]);
  await within(emptyMaxMs, godwit.emptied(), () => `in the queue, or lost: ${missing()}`);
  expect(await godwit.stop()).toBe(0);
  const owed = await lifeEnded();

  expect(missing()).toEqual([]);
  expect([...owed]).toEqual([]);
  expect(accounts.faults).toEqual([]);
  expect(accounts.extraCopies).toBeLessThanOrEqual(accounts.inDoubt);
  expect(accounts.inDoubt).toBeLessThanOrEqual(sessionsCut * doubtsPerSession);
  expect([up.counts.damaged, flaky.counts.damaged]).toEqual([0, 0]);
  // It was a load, and the ways round by the store were gone, too.
  expect(load.messages).toBeGreaterThan(1_000);
  expect(up.faultCounts["reply at rcpt"]).toBeGreaterThan(50);
  expect(flaky.counts.messages).toBeGreaterThan(50);
}, 300_000);
