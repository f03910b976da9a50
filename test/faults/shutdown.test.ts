/** SIGTERM under load: what runs is finished, nothing is lost, and nobody gets a second copy. */
import { expect, test } from "bun:test";
import { systemClock } from "#lib/clock";
import { Sink } from "../../loadtest/sink/sink.ts";
import { Accounts } from "../support/process/accounts.ts";
import { Load } from "../support/process/load.ts";
import { owedIn } from "../support/process/owed.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { within } from "../support/process/within.ts";
import { RawPeer } from "../support/raw-peer.ts";

const stops = 4;
const acceptedBetween = 60;
const emptyMaxMs = 60_000;
/** Running transactions have 5 s here, running attempts 30 s; both are over much sooner. */
const stopMaxMs = 10_000;

const endless = "--messages 1000000 --reconnect --sessions";
const sources = [
  `${endless} 6 --size 1024,4096,70000 --domain up.example --domains 6`,
  `${endless} 2 --recipients 4 --domain up.example --domains 3 --local-part many`,
  `${endless} 2 --domain up.example --domains 4 --local-part 451-at-rcpt-once`,
  // In flight whenever the signal comes: the final dot is sent, and the reply has its time.
  `${endless} 1 --domain slow.example --local-part slow-200ms`,
];

test(`SIGTERM, ${stops} times in a run`, async () => {
  const accounts = new Accounts();
  await using sink = await Sink.start({ keep: "verdicts", arrived: accounts.arrived });
  await using godwit = await StandaloneProcess.prepare({
    routes: { "*": sink.endpoint },
    yaml: "edgeThreads: 1\ndelivery: { retry: { first: 1s, cap: 2s } }\nlimits: { stop: 5s }\n",
  });
  await godwit.start();
  const load = Load.start({ to: godwit, sources });
  for (let stop = 1; stop <= stops; stop++) {
    await load.accepted(stop * acceptedBetween);
    const startedAt = systemClock.monotonic();
    expect(await godwit.stop()).toBe(0);
    expect(systemClock.monotonic() - startedAt).toBeLessThan(stopMaxMs);
    await sink.until(({ sessionsOpen }) => sessionsOpen === 0);
    accounts.lifeEnded(await owedIn(godwit.database));
    // What was sent was written down, all of it.
    expect(accounts.inDoubt).toBe(0);
    await godwit.start();
  }
  await load.stop();
  const missing = () => load.missingIn([sink.ledger]);
  await within(emptyMaxMs, godwit.emptied(), () => `in the queue, or lost: ${missing()}`);
  expect(await godwit.stop()).toBe(0);
  expect(missing()).toEqual([]);
  expect(accounts.faults).toEqual([]);
  expect(accounts.extraCopies).toBe(0);
  expect(sink.counts.damaged).toBe(0);
}, 120_000);

test("an idle session is told 421, a running transaction is finished, and then all is over", async () => {
  await using sink = await Sink.start();
  await using godwit = await StandaloneProcess.prepare({ routes: { "*": sink.endpoint } });
  await godwit.start();
  const idle = await greeted(godwit);
  const busy = await greeted(godwit);
  for (const command of ["MAIL FROM:<a@a.example>", "RCPT TO:<b@b.example>", "DATA"]) {
    await busy.say(command);
  }
  const stopping = godwit.stop();
  expect(await idle.reply()).toStartWith("421 4.3.2 ");
  await idle.closed();
  expect(await busy.say("Subject: late\r\n\r\nbut in time\r\n.")).toStartWith("250 2.0.0 ");
  await busy.closed();
  expect(await stopping).toBe(0);
  await godwit.start();
  await sink.until(({ messages }) => messages === 1);
  expect(await godwit.stop()).toBe(0);
});

async function greeted(godwit: StandaloneProcess): Promise<RawPeer> {
  const at = godwit.submission;
  if (at === undefined) throw new Error("Godwit does not run");
  const peer = await RawPeer.connect(at);
  await peer.reply();
  await peer.say("EHLO client.example");
  return peer;
}
