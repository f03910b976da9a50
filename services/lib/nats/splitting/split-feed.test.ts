import { expect, test } from "bun:test";
import type { JetStreamManager } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { silentLog } from "#lib/telemetry/log";
import { encodeFrame } from "#proto/frame";
import { encodeSplit } from "#proto/split";
import { clusterNames } from "#proto/subjects";
import { encodeUnit } from "#proto/unit";
import { destinationIn, newMessage, shards } from "../../../../test/conformance/fixtures.ts";
import { ManualClock } from "../../../../test/support/manual-clock.ts";
import { ScriptedWire } from "../../../../test/support/nats/scripted-wire.ts";
import type { Fate, Letter } from "../publishing/persistent-publisher.ts";
import { SplitFeed } from "./split-feed.ts";

const turnsMax = 30;
const data = dataTo([0, 1]);

/** A message to destinations in these shards. */
function dataTo(to: readonly number[], contentBytes = 10): Uint8Array {
  const message = newMessage({ to: to.map((n) => destinationIn(n)) });
  const record = encodeSplit({ units: message.units.map(encodeUnit) });
  return encodeFrame({ record, content: new Uint8Array(contentBytes) });
}

function bench() {
  const link = new ScriptedWire();
  const clock = new ManualClock();
  /** What is published, and its end. */
  const published: { letter: Letter; end: (fate: Fate) => void }[] = [];
  const publish = (letter: Letter) =>
    new Promise<Fate>((end) => void published.push({ letter, end }));
  const manager = { consumers: { add: async () => {} } } as unknown as JetStreamManager;
  const ports = { names: clusterNames(), shards, link, clock, log: silentLog };
  /** What was written down, by id. */
  const written = new Map<string, readonly number[]>();
  const progress = {
    isAway: false,
    of: async (id: string) => new Set(written.get(id)),
    remember: async (id: string, done: ReadonlySet<number>) => {
      if (!progress.isAway) written.set(id, [...done]);
      return !progress.isAway;
    },
  };
  const feed = new SplitFeed({ ...ports, manager, progress, publisher: { publish } });
  const settle = async () => {
    for (let turn = 0; turn < turnsMax; turn++) await Promise.resolve();
  };
  const pulls = () => link.sent.filter(({ subject }) => subject.startsWith("$JS.API."));
  const inbox = () => pulls().at(-1)?.reply ?? "";
  const give = (sequence: number, what = data, tries = 1, id = "") => {
    const reply = `$JS.ACK.SPLIT.split.${tries}.${sequence}.${sequence}.1795000000000000000.0`;
    const fields = headers();
    if (id !== "") fields.set("Nats-Msg-Id", id);
    link.deliver(inbox(), { reply, data: what, headers: fields });
  };
  const end = () => link.deliver(inbox(), { headers: headers(408, "Request Timeout") });
  const advance = async (spanMs: number) => {
    for (let left = spanMs; left > 0; left -= 250) {
      clock.advance(250);
      await settle();
    }
  };
  /** Ends all that is being published: some shards are full. */
  const store = async (...full: string[]) => {
    for (const { letter, end } of published.splice(0)) {
      if (full.includes(letter.stream)) end({ kind: "full", reason: "it is full" });
      else end({ kind: "stored", isDuplicate: false });
    }
    await settle();
  };
  /** What was said about a message. */
  const said = (sequence: number, tries = 1) =>
    link.sent
      .filter(({ subject }) => subject.startsWith(`$JS.ACK.SPLIT.split.${tries}.${sequence}.`))
      .map((sent) => String(sent.data));
  return {
    feed,
    link,
    published,
    progress,
    written,
    settle,
    pulls,
    give,
    end,
    advance,
    said,
    store,
  };
}

test("what is handed out until the pull is over is given back by a feed that stops", async () => {
  const { feed, settle, pulls, give, end, said, published } = bench();
  feed.start();
  await settle();
  expect(pulls()).toHaveLength(1);
  let isStopped = false;
  const stopped = feed.stop().then(() => {
    isStopped = true;
  });
  give(1);
  give(2);
  await settle();
  expect(isStopped).toBe(false);
  end();
  await stopped;
  expect([said(1), said(2)]).toEqual([["-NAK"], ["-NAK"]]);
  expect([published.length, pulls().length]).toEqual([0, 1]);
});

test("what it could not publish is given back, too", async () => {
  const { feed, settle, give, end, said, published } = bench();
  feed.start();
  await settle();
  give(1);
  await settle();
  const stopped = feed.stop();
  end();
  const [first, second] = published;
  first?.end({ kind: "stored", isDuplicate: false });
  second?.end({ kind: "unavailable", reason: "no leader" });
  await stopped;
  expect(said(1)).toEqual(["-NAK"]);
});

test("what takes long is kept, and two of three words may be lost before its time is over", async () => {
  const { feed, settle, give, end, advance, said, published } = bench();
  feed.start();
  await settle();
  give(1);
  end();
  await advance(9_750);
  expect(said(1)).toEqual(["+WPI", "+WPI", "+WPI"]);
  for (const { end: stored } of published) stored({ kind: "stored", isDuplicate: false });
  await settle();
  expect(said(1).at(-1)).toBe("+ACK");
  const stopped = feed.stop();
  end();
  await stopped;
  expect(feed.figures).toMatchObject({ done: 1, inFlight: 0 });
});

test("no more are pulled than it can publish, and a message that ends makes room", async () => {
  const { feed, settle, pulls, give, end, published } = bench();
  feed.start();
  await settle();
  for (let sequence = 1; sequence <= 32; sequence++) give(sequence);
  await settle();
  expect([pulls().length, feed.figures.inFlight]).toEqual([1, 32]);
  for (const { end: stored } of published.slice(0, 2)) {
    stored({ kind: "stored", isDuplicate: false });
  }
  await settle();
  expect(JSON.parse(String(pulls()[1]?.data))).toMatchObject({ batch: 1 });
  const stopped = feed.stop();
  end();
  for (const { end: stored } of published) stored({ kind: "stored", isDuplicate: false });
  await stopped;
});

test("one that waits for its connection stops at once", async () => {
  const { feed, link, settle, pulls } = bench();
  link.turn(false);
  feed.start();
  await settle();
  await feed.stop();
  expect(pulls()).toEqual([]);
});

test("messages with a unit for a full shard keep no other from being fanned out", async () => {
  const { feed, settle, pulls, give, end, advance, said, store } = bench();
  feed.start();
  await settle();
  for (let sequence = 1; sequence <= 32; sequence++) give(sequence);
  await settle();
  await store("Q000");
  expect(feed.figures).toMatchObject({ inFlight: 32, waiting: 32, done: 0 });
  expect(JSON.parse(String(pulls().at(-1)?.data))).toMatchObject({ batch: 32 });
  give(33, dataTo([1, 2]));
  await settle();
  await store("Q000");
  expect(said(33)).toEqual(["+ACK"]);
  // There is room, and for each that waits its other units, which were stored, are not sent again.
  await advance(1_000);
  await store();
  await store();
  expect([said(1).at(-1), said(32).at(-1)]).toEqual(["+ACK", "+ACK"]);
  expect(feed.figures).toMatchObject({ inFlight: 0, waiting: 0, done: 33 });
  const stopped = feed.stop();
  end();
  await stopped;
});

test("one that comes for a shard that is known to be full is given back untouched", async () => {
  const { feed, settle, give, end, said, store, published } = bench();
  feed.start();
  await settle();
  give(1);
  await settle();
  await store("Q000");
  give(2);
  give(3, data, 4);
  give(4, data, 40);
  await settle();
  const laterBy = (ms: number) => [`-NAK {"delay":${ms * 1e6}}`];
  expect([said(2), said(3, 4), said(4, 40)]).toEqual([
    ...[laterBy(5_000), laterBy(20_000), laterBy(60_000)],
  ]);
  expect([published.length, feed.figures.inFlight]).toEqual([0, 1]);
  const stopped = feed.stop();
  end();
  await stopped;
  expect(said(1)).toEqual(["-NAK"]);
});

test("so many bytes may wait; what is beyond them keeps its place", async () => {
  const { feed, settle, pulls, give, end, store } = bench();
  feed.start();
  await settle();
  const large = dataTo([0, 1], 800_000);
  for (let sequence = 1; sequence <= 32; sequence++) give(sequence, large);
  await settle();
  await store("Q000");
  expect(feed.figures).toMatchObject({ inFlight: 32, waiting: 32 });
  // Each weighs three times its content: 27 of them 64 MiB.
  expect(JSON.parse(String(pulls().at(-1)?.data))).toMatchObject({ batch: 27 });
  const stopped = feed.stop();
  end();
  await stopped;
});

test("of one that waits is written down which of its units are out, and those are not sent again", async () => {
  const { feed, settle, pulls, give, end, said, store, published, written } = bench();
  feed.start();
  await settle();
  const three = dataTo([0, 1, 2]);
  give(1, three, 1, "first");
  await settle();
  await store("Q000");
  expect([...written]).toEqual([["first", [1, 2]]]);
  const stopped = feed.stop();
  end();
  await stopped;
  expect(said(1).at(-1)).toBe("-NAK");
  // As another worker, much later.
  feed.start();
  await settle();
  expect(pulls().length).toBeGreaterThan(1);
  give(1, three, 2, "first");
  await settle();
  expect(published.map(({ letter }) => letter.id)).toEqual(["first.0"]);
  await store();
  expect(said(1, 2).at(-1)).toBe("+ACK");
  expect(feed.figures).toMatchObject({ done: 1, late: 0 });
  const ended = feed.stop();
  end();
  await ended;
});

test("what is written down is tried until it is, and grows with whoever goes on", async () => {
  const { feed, settle, give, end, advance, store, published, progress, written } = bench();
  feed.start();
  await settle();
  const three = dataTo([0, 1, 2]);
  give(1, three, 1, "first");
  await settle();
  progress.isAway = true;
  await store("Q001", "Q002");
  expect([...written]).toEqual([]);
  progress.isAway = false;
  await advance(1_000);
  expect([...written]).toEqual([["first", [0]]]);
  const stopped = feed.stop();
  end();
  await store("Q001", "Q002");
  await stopped;
  // As another worker.
  feed.start();
  await settle();
  give(1, three, 2, "first");
  await settle();
  expect(published.map(({ letter }) => letter.id)).toEqual(["first.1", "first.2"]);
  await store("Q002");
  expect([...written]).toEqual([["first", [0, 1]]]);
  const ended = feed.stop();
  end();
  await ended;
});

test("a stop in the middle is written down, too, and nothing of what goes out at once", async () => {
  const { feed, settle, give, end, store, published, written } = bench();
  feed.start();
  await settle();
  give(1, data, 1, "quick");
  await settle();
  await store();
  give(2, data, 1, "slow");
  await settle();
  const stopped = feed.stop();
  end();
  const [first, second] = published.splice(0);
  first?.end({ kind: "stored", isDuplicate: false });
  second?.end({ kind: "unavailable", reason: "no leader" });
  await stopped;
  expect([...written]).toEqual([["slow", [0]]]);
});
