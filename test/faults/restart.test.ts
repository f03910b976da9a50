/**
 * What a restart after a crash finds: thousands that wait, holds, poison, and mail that has grown
 * too old.
 */
import { expect, test } from "bun:test";
import { z } from "zod";
import { Ledger } from "../../loadtest/ledger.ts";
import { Sink } from "../../loadtest/sink/sink.ts";
import { ageQueue, poisonQueue } from "../support/process/aged-queue.ts";
import { Load } from "../support/process/load.ts";
import { StandaloneProcess } from "../support/process/standalone-process.ts";
import { within } from "../support/process/within.ts";

const emptyMaxMs = 60_000;
const day = 86_400_000;
const quickRetries = "delivery: { retry: { first: 1s, cap: 2s } }\n";

const summaries = z.object({
  destinations: z.array(
    z.object({ destination: z.string(), state: z.string(), backlog: z.number() }),
  ),
});
const parkedList = z.object({ parked: z.array(z.object({ uid: z.string() })) });

/** Sends all of it, and waits for each 250. */
async function sent(to: StandaloneProcess, ...sources: string[]): Promise<Load> {
  const load = Load.start({ to, sources });
  for (const { begun, accepted } of await load.finished()) expect(accepted).toBe(begun);
  return load;
}

/** Restarted as after a crash. */
async function crashed(godwit: StandaloneProcess, change = () => {}): Promise<void> {
  await godwit.kill();
  change();
  await godwit.start();
  expect((await godwit.ask("/readyz")).status).toBe(200);
}

async function emptied(godwit: StandaloneProcess): Promise<void> {
  await within(emptyMaxMs, godwit.emptied(), () => `the queue stays full:\n${godwit.log.last}`);
}

async function uidsParked(godwit: StandaloneProcess): Promise<readonly string[]> {
  const { parked } = parkedList.parse(await (await godwit.ask("/v1/parked?limit=100")).json());
  return parked.map(({ uid }) => uid).sort();
}

async function hold(godwit: StandaloneProcess, destination: string): Promise<void> {
  const answer = await godwit.ask("/v1/queue/hold", { destination, reason: "a test" });
  expect(answer.status).toBe(200);
}

/** An address where nobody listens yet. */
async function closedPlace(): Promise<Sink["endpoint"]> {
  await using sink = await Sink.start();
  return sink.endpoint;
}

test("5,000 messages wait for a destination that is down; a crash; it comes up: each arrives once", async () => {
  const down = await closedPlace();
  await using up = await Sink.start();
  await using godwit = await StandaloneProcess.prepare({
    routes: { "down.example": down, "*": up.endpoint },
    yaml: quickRetries,
  });
  await godwit.start();
  const load = await sent(godwit, "--messages 5000 --size 1024 --domain down.example");
  await crashed(godwit);
  // Those that wait are in nobody's way.
  await sent(godwit, "--messages 20 --domain up.example --local-part other");
  await up.until(({ messages }) => messages === 20);
  await using back = await Sink.start({ at: down, keep: "verdicts" });
  await emptied(godwit);
  expect(load.missingIn([back.ledger])).toEqual([]);
  expect([back.ledger.total, back.counts.damaged]).toEqual([5_000, 0]);
}, 120_000);

test("a hold outlives a crash, and binds nobody else", async () => {
  await using sink = await Sink.start();
  await using godwit = await StandaloneProcess.prepare({ routes: { "*": sink.endpoint } });
  await godwit.start();
  await hold(godwit, "held.example");
  const load = await sent(godwit, "--messages 20 --domain held.example");
  await crashed(godwit);
  await sent(godwit, "--messages 20 --domain free.example --local-part free");
  await sink.until(({ messages }) => messages === 20);
  expect(load.missingIn([new Ledger()])).toHaveLength(20);
  const answer = await godwit.ask("/v1/queue/summary?destination=held.example");
  expect(summaries.parse(await answer.json()).destinations).toMatchObject([{ state: "held" }]);
  await godwit.ask("/v1/queue/release", { destination: "held.example" });
  await sink.until(({ messages }) => messages === 40);
  await emptied(godwit);
});

test.each(["log", "unit"] as const)(
  "records of the %s that nobody can read are parked, and the others flow",
  async (table) => {
    await using sink = await Sink.start();
    // In flight they stay in the log; refused they have a row of their own.
    sink.misbehave(table === "log" ? "slow-100s-at-connect" : "451-at-rcpt");
    await using godwit = await StandaloneProcess.prepare({
      routes: { "*": sink.endpoint },
      yaml: quickRetries,
    });
    await godwit.start();
    const attempted = godwit.log.times("attempt", 10);
    await sent(godwit, "--messages 10");
    if (table === "unit") {
      await attempted;
      await godwit.stop();
    } else {
      attempted.catch(() => {});
      await godwit.kill();
    }
    sink.misbehave();
    const poisoned = poisonQueue(godwit.database, table, 2);
    expect(poisoned).toHaveLength(2);
    const parked = godwit.log.times("unit_parked", 2);
    await godwit.start();
    const others = sink.until(({ messages }) => messages === 8);
    await within(10_000, Promise.all([parked, others]), () => godwit.log.last);
    expect(await uidsParked(godwit)).toEqual([...poisoned]);
    await emptied(godwit);
    // And it is not read again.
    await crashed(godwit);
    expect(await uidsParked(godwit)).toEqual([...poisoned]);
    await emptied(godwit);
    expect(sink.ledger.total).toBe(8);
  },
  60_000,
);

test.each(["down", "held"] as const)(
  "what grew too old for a destination that is %s is given up: its sender is told, and nobody of <>",
  async (state) => {
    const down = await closedPlace();
    await using sink = await Sink.start({ keep: "messages" });
    await using godwit = await StandaloneProcess.prepare({
      routes: { ...(state === "down" ? { "late.example": down } : {}), "*": sink.endpoint },
      yaml: quickRetries,
    });
    await godwit.start();
    if (state === "held") await hold(godwit, "late.example");
    await sent(
      godwit,
      "--messages 7 --domain late.example --recipients 2 --from sender@sender.example",
      "--messages 5 --domain late.example --from= --local-part null",
    );
    await crashed(godwit, () => ageQueue(godwit.database, 6 * day));
    await sink.until(({ notifications }) => notifications === 7);
    await emptied(godwit);
    expect(sink.counts.messages).toBe(7);
    for (const { reversePath, recipients, content = "" } of sink.messages) {
      expect([reversePath, ...recipients.map((it) => it.forwardPath)]).toEqual([
        "",
        "sender@sender.example",
      ]);
      expect(content.toString("latin1").match(/^Action: failed\r$/gm)).toHaveLength(2);
    }
    await crashed(godwit);
    await emptied(godwit);
    expect(sink.counts.messages).toBe(7);
  },
);
