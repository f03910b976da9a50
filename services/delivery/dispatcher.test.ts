import { describe, expect, test } from "bun:test";
import type { Destination, Uid, Unit } from "#lib/queue/unit";
import type { PathText } from "#lib/smtp/path";
import { queueFor } from "../../test/support/delivery/queue-for.ts";
import type { DestinationQueue } from "./destination/destination-queue.ts";
import { Dispatcher, type Sent } from "./dispatcher.ts";
import { fromLog, type QueuedUnit } from "./shard/queued-unit.ts";

function queued(destination: string, n: number): QueuedUnit {
  const unit: Unit = {
    uid: `01ARZ3NDEKTSV4RRFFQ69G5FAV.${n}` as Uid,
    destination: destination as Destination,
    envelope: { reversePath: "a@a.example" as PathText, body: "7bit", smtpUtf8: false },
    recipients: [],
    lane: "n",
    acceptedAt: 0,
    expiresAt: 1,
    sizeBytes: 10,
    isNotification: false,
  };
  return fromLog(unit, { sequence: n, content: undefined, since: 0 });
}

function queueOf(destination: string, count: number, first = 2): DestinationQueue {
  const queue = queueFor(destination as Destination, { first, max: 20 });
  for (let n = 1; n <= count; n++) queue.push(queued(destination, n));
  return queue;
}

/** A run that ends when told to, and the order in which units were started. */
function manualRun() {
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const sents: (() => void)[] = [];
  const run = {
    next: (queue: DestinationQueue) => queue.take(() => true),
    run: (queue: DestinationQueue, { unit }: QueuedUnit, sent: Sent<QueuedUnit>) => {
      sents.push(() => sent(() => run.next(queue)));
      started.push(`${queue.destination} ${unit.uid.split(".")[1]}`);
      return new Promise<void>((resolve) => {
        ends.push(resolve);
      });
    },
  };
  const endNext = async () => {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  /** The first of those that run has sent all. */
  const sentNext = () => sents.shift()?.();
  return { started, run, endNext, sentNext };
}

describe("Dispatcher", () => {
  test("runs no more sessions in all than it may", async () => {
    const dispatcher = new Dispatcher<QueuedUnit>(3);
    const { started, run, endNext } = manualRun();
    dispatcher.offer(queueOf("a", 5), run);
    dispatcher.offer(queueOf("b", 5), run);
    expect(dispatcher.sessions).toBe(3);
    expect(started).toHaveLength(3);
    for (let i = 0; i < 20; i++) {
      await endNext();
      expect(dispatcher.sessions).toBeLessThanOrEqual(3);
    }
    expect(started).toHaveLength(10);
    expect(dispatcher.sessions).toBe(0);
  });

  test("destinations that wait for a session take turns", async () => {
    const dispatcher = new Dispatcher<QueuedUnit>(1);
    const { started, run, endNext } = manualRun();
    dispatcher.offer(queueOf("a", 100), run);
    dispatcher.offer(queueOf("b", 2), run);
    for (let i = 0; i < 4; i++) await endNext();
    expect(started).toEqual(["a 1", "a 2", "b 1", "a 3", "b 2"]);
  });

  test("a session goes on with its destination when nobody else waits", async () => {
    const dispatcher = new Dispatcher<QueuedUnit>(10);
    const { started, run, endNext } = manualRun();
    const queue = queueOf("a", 4, 1);
    dispatcher.offer(queue, run);
    for (let i = 0; i < 4; i++) {
      expect(queue.running).toBe(1);
      await endNext();
    }
    expect(started).toEqual(["a 1", "a 2", "a 3", "a 4"]);
    expect(queue.running).toBe(0);
  });

  test("what follows begins when all is sent before it, in the same session", async () => {
    const dispatcher = new Dispatcher<QueuedUnit>(10);
    const { started, run, endNext, sentNext } = manualRun();
    const queue = queueOf("a", 4, 1);
    dispatcher.offer(queue, run);
    sentNext();
    expect([started, queue.running, dispatcher.sessions]).toEqual([["a 1", "a 2"], 1, 1]);
    await endNext();
    expect([started.length, queue.running, dispatcher.sessions]).toEqual([2, 1, 1]);
    sentNext();
    await endNext();
    await endNext();
    expect([started.length, queue.running]).toEqual([4, 1]);
    await endNext();
    expect([started, queue.running, dispatcher.sessions]).toEqual([
      ["a 1", "a 2", "a 3", "a 4"],
      0,
      0,
    ]);
  });

  test("nothing follows where another destination waits for a session, or all is paused", async () => {
    const dispatcher = new Dispatcher<QueuedUnit>(1);
    const { started, run, endNext, sentNext } = manualRun();
    dispatcher.offer(queueOf("a", 3), run);
    dispatcher.offer(queueOf("b", 1), run);
    sentNext();
    expect(started).toEqual(["a 1"]);
    await endNext();
    await endNext();
    expect(started).toEqual(["a 1", "a 2", "b 1"]);
    await endNext();
    dispatcher.pause("journal", true);
    for (let n = 0; n < 3; n++) sentNext();
    expect(started).toEqual(["a 1", "a 2", "b 1", "a 3"]);
  });

  test("nothing follows at a destination that is closed, or has more sessions than are sensible", () => {
    const dispatcher = new Dispatcher<QueuedUnit>(10);
    const { started, run, sentNext } = manualRun();
    const queue = queueOf("a", 9, 3);
    dispatcher.offer(queue, run);
    expect(started.length).toBe(3);
    queue.goDown("no answer", 1, () => {});
    sentNext();
    queue.goUp();
    // From now on one session is enough.
    sentNext();
    expect(started.length).toBe(3);
  });

  test("nothing follows at a destination that is in doubt", () => {
    const dispatcher = new Dispatcher<QueuedUnit>(10);
    const { started, run, sentNext } = manualRun();
    const queue = queueOf("a", 9, 1);
    dispatcher.offer(queue, run);
    queue.failed(0);
    sentNext();
    expect([started, queue.canFollow]).toEqual([["a 1"], false]);
    queue.succeeded();
    expect(queue.canFollow).toBe(true);
  });

  test("one follows, though all is sent again, to another host", () => {
    const dispatcher = new Dispatcher<QueuedUnit>(10);
    const { started, run } = manualRun();
    const sents: (() => void)[] = [];
    dispatcher.offer(queueOf("a", 4, 1), {
      ...run,
      run: (queue, departure, sent) => {
        sents.push(() => sent(() => run.next(queue)));
        return run.run(queue, departure, sent);
      },
    });
    sents[0]?.();
    sents[0]?.();
    expect(started).toEqual(["a 1", "a 2"]);
  });

  test("a session of which nothing may go now is none", async () => {
    const dispatcher = new Dispatcher<QueuedUnit>(2);
    const { started, run, endNext } = manualRun();
    const kept = queueOf("a", 3);
    const limited = { ...run, next: (queue: DestinationQueue) => queue.take(() => false) };
    dispatcher.offer(kept, limited);
    expect([dispatcher.sessions, kept.canStart, kept.running]).toEqual([0, false, 0]);
    dispatcher.offer(queueOf("b", 1), run);
    for (const lane of kept.lanes) kept.unblock(lane);
    dispatcher.offer(kept, run);
    await endNext();
    expect(started).toEqual(["b 1", "a 1", "a 2"]);
  });

  test("paused, it starts nothing; resumed, it goes on", () => {
    const dispatcher = new Dispatcher<QueuedUnit>(5);
    const { started, run } = manualRun();
    dispatcher.pause("tenure", true);
    dispatcher.offer(queueOf("a", 2), run);
    expect(started).toEqual([]);
    dispatcher.pause("tenure", false);
    expect(started).toEqual(["a 1", "a 2"]);
  });

  test("paused for two reasons, it goes on when the last of them is over", () => {
    const dispatcher = new Dispatcher<QueuedUnit>(5);
    const { started, run } = manualRun();
    dispatcher.pause("tenure", true);
    dispatcher.pause("journal", true);
    dispatcher.pause("journal", true);
    dispatcher.offer(queueOf("a", 1), run);
    dispatcher.pause("journal", false);
    expect(started).toEqual([]);
    dispatcher.pause("tenure", false);
    expect(started).toEqual(["a 1"]);
  });
});
