/** DESIGN §8, line by line, and what seeds have found: each with the faults that it takes, and no others. */
import { describe, expect, test } from "bun:test";
import type { Destination, Message, QueueId, Unit } from "#lib/queue/unit";
import { uidOf } from "#lib/queue/unit";
import type { PathText } from "#lib/smtp/path";
import { runSeed } from "./run.ts";
import { copiesOf, mail, mails, moody, play, second, timesOf } from "./stage.ts";
import type { Mood } from "./world/mood.ts";
import type { World } from "./world/world.ts";

function killed(world: World, operation: string, moment: "before" | "after", forS = 5): void {
  const [worker] = world.workers;
  worker?.faults?.once({
    operation,
    moment,
    fails: false,
    act() {
      worker.kill();
      world.clock.after(forS * second, () => worker.start());
    },
  });
}

describe("an edge", () => {
  test.each([1, 2, 3])(
    "killed at its call %d has told no 250, or the message is there",
    async (calls) => {
      const world = await play({
        submissions: mails(6, 8, 1),
        incidents: [
          {
            kind: "atCall",
            what: "kill",
            atMs: 9_500,
            process: "edge1",
            calls: 2 * calls,
            forMs: 5 * second,
          },
        ],
      });
      // The client tries again: one more copy at most.
      for (let n = 0; n < 6; n++) {
        expect(copiesOf(world, `user${n}@dest${1 + (n % 2)}.example`)).toBeLessThanOrEqual(2);
      }
    },
  );

  test("whose publish was stored, but the answer lost, sends the same id again: one copy", async () => {
    const world = await play({ submissions: [mail("user@dest1.example", 10)] }, ({ edges }) => {
      edges[0]?.faults?.once({ operation: "accept", moment: "after", fails: true });
    });
    expect(copiesOf(world, "user@dest1.example")).toBe(1);
    expect(timesOf(world, "message_accepted")).toHaveLength(1);
  });

  test("says 452 while the log is full, and goes on when there is room", async () => {
    const world = await play({
      logBytesMax: 1_200,
      submissions: mails(12, 8, 0),
    });
    expect(timesOf(world, "message_refused", "452").length).toBeGreaterThan(0);
    expect(timesOf(world, "has its 250").length).toBeGreaterThan(4);
  });
});

describe("a message that is not to be sent yet", () => {
  const later = { ...mail("user@dest1.example", 10), holdForMs: 60 * second };

  test("is sent when its time has come, and not before", async () => {
    const world = await play({ submissions: [later] });
    expect(copiesOf(world, "user@dest1.example")).toBe(1);
    const [copiedAt = 0] = timesOf(world, "copy ");
    expect(copiedAt).toBeGreaterThanOrEqual(70);
    expect(copiedAt).toBeLessThan(74);
  });

  test.each([
    ["defer", "before"],
    ["defer", "after"],
    ["append", "before"],
    ["append", "after"],
  ] as const)(
    "survives a kill %s the store or the journal has it: %s",
    async (operation, moment) => {
      const world = await play({ submissions: [later] }, (it) => killed(it, operation, moment));
      expect(copiesOf(world, "user@dest1.example")).toBe(1);
      expect(timesOf(world, "started worker1").length).toBe(2);
    },
  );

  test("is sent at its time by whoever has its shard then", async () => {
    const world = await play({
      workers: ["worker1", "worker2"],
      submissions: [later],
      incidents: [{ kind: "kill", atMs: 40 * second, process: "worker1", forMs: 50 * second }],
    });
    expect(copiesOf(world, "user@dest1.example")).toBe(1);
  });
});

describe("a worker", () => {
  test("killed under load loses nothing, and its shards have an owner within 40 s", async () => {
    const world = await play({
      workers: ["worker1", "worker2"],
      shards: 4,
      submissions: mails(60, 10, 0.5),
      incidents: [{ kind: "kill", atMs: 20 * second, process: "worker1", forMs: 3_600 * second }],
    });
    const claims = timesOf(world, "claimed shard", "by worker2/1").filter((at) => at > 20);
    expect(claims.length).toBeGreaterThan(0);
    expect(Math.max(...claims)).toBeLessThan(20 + 40);
    expect(world.witness.copies.doubtful).toBeLessThanOrEqual(6);
  });

  test("paused for a minute and continued is told nothing, writes nothing, and starts afresh", async () => {
    const world = await play({
      workers: ["worker1", "worker2"],
      submissions: mails(80, 10, 0.5),
      incidents: [{ kind: "pause", atMs: 20 * second, process: "worker1", forMs: 60 * second }],
    });
    expect(timesOf(world, "tenure_expired")).toHaveLength(1);
    expect(timesOf(world, "started worker1/2")).toHaveLength(1);
  });

  test("paused in the middle of a deferral does not finish it when it goes on", async () => {
    const greylists: Mood = { kind: "greylists", forMs: 20 * second };
    const world = await play(
      {
        ...moody(greylists, 0, 99),
        workers: ["worker1", "worker2"],
        shards: 1,
        submissions: mails(4, 10, 1),
      },
      ({ workers, clock }) => {
        let isDone = false;
        for (const worker of workers) {
          worker.faults?.once({
            operation: "defer/rows",
            moment: "after",
            fails: false,
            act() {
              if (isDone) return;
              isDone = true;
              worker.pause();
              clock.after(70 * second, () => worker.resume());
            },
          });
        }
      },
    );
    expect(copiesOf(world, "user0@dest1.example")).toBe(1);
  });

  test("stopped in good order under load repeats nothing", async () => {
    const world = await play({
      workers: ["worker1", "worker2"],
      shards: 4,
      ...moody({ kind: "slow", delayMs: 2 * second }, 0, 99),
      submissions: mails(60, 10, 0.5),
      incidents: [
        { kind: "stop", atMs: 20 * second, process: "worker1", forMs: 10 * second },
        { kind: "stop", atMs: 60 * second, process: "worker2", forMs: 10 * second },
      ],
    });
    expect(world.witness.copies.doubtful).toBe(0);
    for (let n = 0; n < 60; n++)
      expect(copiesOf(world, `user${n}@dest${1 + (n % 2)}.example`)).toBe(1);
  });

  test("that joins takes its part over, and nothing is sent twice", async () => {
    const world = await play({
      workers: ["worker1", "worker2"],
      shards: 4,
      ...moody({ kind: "slow", delayMs: 2 * second }, 0, 99),
      submissions: mails(60, 50, 0.5),
      incidents: [{ kind: "kill", atMs: 0, process: "worker2", forMs: 60 * second }],
    });
    expect(timesOf(world, "shard_released", "worker1/1").length).toBeGreaterThan(0);
    expect(timesOf(world, "shard_claimed", "worker2/2").length).toBeGreaterThan(0);
    expect(world.witness.copies.doubtful).toBe(0);
  });

  test("whose journal is away gives a shard back only when its outcomes are written", async () => {
    const world = await play({
      workers: ["worker1", "worker2"],
      shards: 4,
      submissions: mails(40, 55, 0.5),
      incidents: [
        { kind: "kill", atMs: 0, process: "worker2", forMs: 60 * second },
        {
          kind: "cutOff",
          atMs: 64 * second,
          process: "worker1",
          seams: ["journal"],
          what: "calls",
          forMs: 60 * second,
        },
      ],
      faultsEndAtMs: 130 * second,
    });
    expect(Math.min(...timesOf(world, "released shard"))).toBeGreaterThan(64 + 60);
    expect(world.witness.copies.doubtful).toBe(0);
  });

  test("whose release failed repeats it: the shard does not stand still", async () => {
    const world = await play(
      {
        workers: ["worker1", "worker2"],
        shards: 4,
        submissions: mails(40, 40, 1),
        incidents: [{ kind: "kill", atMs: 0, process: "worker2", forMs: 60 * second }],
      },
      ({ workers }) =>
        workers[0]?.faults?.once({ operation: "release", moment: "before", fails: true }),
    );
    expect(timesOf(world, "shard_let_go")).toHaveLength(1);
  });

  test.each(["claim", "end", "backlogs"])(
    "whose takeover breaks off at %s lets go of what another should have",
    async (operation) => {
      await play(
        {
          workers: ["worker1", "worker2"],
          shards: 4,
          submissions: mails(20, 10, 1),
          incidents: [{ kind: "kill", atMs: second, process: "worker2", forMs: 7 * second }],
        },
        ({ workers }) => {
          const fault = { operation, moment: "after", fails: true } as const;
          for (let n = 0; n < 4; n++) workers[0]?.faults?.once(fault);
        },
      );
    },
  );

  test("finds what was deferred when it was killed between the store's write and the journal's", async () => {
    const storm: Mood = { kind: "storm", share: 1 };
    const world = await play(
      { ...moody(storm, 0, 12), submissions: [mail("user0@dest1.example", 10)] },
      (it) => killed(it, "defer", "after"),
    );
    // Settled as it was found, by the log or by the backlog that was read first.
    expect(timesOf(world, "journal worker1/2", "sequence 1")).toHaveLength(1);
    expect(copiesOf(world, "user0@dest1.example")).toBe(1);
  });

  test.each(["defer/content", "defer/rows", "defer/units"])(
    "killed behind %s of a deferral tries again from the log or from the store",
    async (operation) => {
      const storm: Mood = { kind: "storm", share: 1 };
      const world = await play(
        { ...moody(storm, 0, 60), submissions: mails(6, 10, 0.1), readyUnitsMax: 1 },
        (it) => killed(it, operation, "after"),
      );
      expect(copiesOf(world, "user0@dest1.example")).toBe(1);
    },
  );

  test("killed behind the rows of a deferral keeps to the time of the deferral that was made", async () => {
    // Its rows of the same generation would bring the unit back before its time.
    const storm: Mood = { kind: "storm", share: 1 };
    const world = await play(
      { ...moody(storm, 0, 60), submissions: [mail("user0@dest1.example", 10)] },
      (it) => killed(it, "defer/rows", "after", 1),
    );
    expect(copiesOf(world, "user0@dest1.example")).toBe(1);
  });

  test("killed after it told of one recipient tells of those who fail when it tries again", async () => {
    const path = (user: string) => ({ path: `${user}@dest1.example` as PathText });
    const first = mail("user0@dest1.example", 10);
    const recipients = ["user0", "picky0", "nobody0"].map(path);
    const world = await play(
      {
        ...moody({ kind: "greylists", forMs: 20 * second }, 0, 99),
        submissions: [{ ...first, recipients }],
      },
      (it) => killed(it, "defer", "before"),
    );
    const [told] = [...world.witness.ledger.messages.values()].map(({ notified }) => notified);
    expect([...(told?.keys() ?? [])].sort()).toEqual(recipients.map((r) => r.path).sort());
  });

  test("killed with a delivery that its journal does not know sends it again, and that is counted", async () => {
    const world = await play({ submissions: [mail("user0@dest1.example", 10)] }, (it) =>
      killed(it, "append", "before"),
    );
    expect(copiesOf(world, "user0@dest1.example")).toBe(2);
    expect(world.witness.copies.doubtful).toBe(1);
  });

  test("whose journal has the record, though the answer was lost, sends nothing again", async () => {
    const world = await play({ submissions: [mail("user0@dest1.example", 10)] }, ({ workers }) => {
      workers[0]?.faults?.once({ operation: "append", moment: "after", fails: true });
    });
    expect(copiesOf(world, "user0@dest1.example")).toBe(1);
  });
});

describe("the store", () => {
  test("away for minutes: first attempts go on, and what must wait is not lost", async () => {
    const world = await play({
      ...moody({ kind: "storm", share: 1 }, 0, 150),
      submissions: mails(40, 10, 4),
      incidents: [
        {
          kind: "cutOff",
          atMs: 9 * second,
          process: "worker1",
          seams: ["store"],
          what: "calls",
          forMs: 180 * second,
        },
      ],
      faultsEndAtMs: 200 * second,
    });
    for (let n = 1; n < 40; n += 2) {
      const [at = Number.POSITIVE_INFINITY] = timesOf(world, `copy`, `user${n}@dest2.example`);
      expect(at).toBeLessThan(10 + 4 * n + 5);
    }
    expect(copiesOf(world, "user0@dest1.example")).toBe(1);
  });

  test("that wrote a backlog row twice brings its unit back once", async () => {
    const world = await play(
      { ...moody({ kind: "refuses" }, 0, 40), submissions: mails(8, 10, 0.2) },
      ({ workers }) => {
        const fault = { operation: "defer/rows", moment: "after", fails: true } as const;
        for (let n = 0; n < 3; n++) workers[0]?.faults?.once(fault);
      },
    );
    for (let n = 0; n < 8; n += 2) expect(copiesOf(world, `user${n}@dest1.example`)).toBe(1);
  });
});

describe("a mail exchanger", () => {
  const moods: readonly (readonly [Mood, number])[] = [
    [{ kind: "slow", delayMs: 30 * second }, 1],
    [{ kind: "slow", delayMs: 60 * second }, 2],
    [{ kind: "busy" }, 1],
    [{ kind: "leaving", share: 1 }, 1],
    [{ kind: "dropsAfterDot", share: 1, keeps: false }, 1],
    [{ kind: "dropsAfterDot", share: 1, keeps: true }, 2],
    [{ kind: "halfReply", share: 1 }, 2],
    [{ kind: "greylists", forMs: 30 * second }, 1],
    [{ kind: "storm", share: 1 }, 1],
    [{ kind: "refuses" }, 1],
    [{ kind: "silent" }, 1],
  ];
  test.each(moods)("that %j harms its own mail only", async (mood, leastCopies) => {
    const world = await play({
      ...moody(mood, 0, 40),
      submissions: [mail("user0@dest1.example", 10), mail("user1@dest2.example", 10)],
    });
    const [other = 0] = timesOf(world, "copy", "user1@dest2.example");
    expect(other).toBeLessThan(12);
    expect(copiesOf(world, "user1@dest2.example")).toBe(1);
    expect(copiesOf(world, "user0@dest1.example")).toBeGreaterThanOrEqual(leastCopies);
    expect(timesOf(world, "outcome", "permanent")).toHaveLength(0);
  });
});

describe("DNS away", () => {
  test("is transient, never a bounce", async () => {
    const world = await play({
      submissions: mails(6, 10, 1),
      incidents: [{ kind: "dnsFails", atMs: 5 * second, forMs: 80 * second }],
    });
    expect(world.store.bounces.size).toBe(0);
    expect(copiesOf(world, "user0@dest1.example")).toBe(1);
  });
});

describe("a destination that is down", () => {
  test("costs one attempt at a time, however much waits for it, and comes back with all of it", async () => {
    const day = 24 * 3_600;
    const world = await play({
      ...moody({ kind: "refuses" }, 0, day),
      shards: 1,
      lifetimeMs: 2 * day * second,
      submissions: mails(100, 10, 1),
      faultsEndAtMs: day * second,
    });
    const downs = timesOf(world, "destination_down").length;
    const attempts = timesOf(world, "attempt {", "connection refused").length;
    expect(downs).toBeGreaterThan(100);
    // While it is down nothing else is tried: its sessions of the first moment, then one by one.
    expect(attempts).toBeLessThan(downs + 20);
  }, 60_000);

  test("finds its backlog though the head of it was looked at at a takeover", async () => {
    const world = await play({
      ...moody({ kind: "refuses" }, 0, 90),
      submissions: mails(8, 10, 0.2),
      incidents: [{ kind: "kill", atMs: 20 * second, process: "worker1", forMs: 5 * second }],
    });
    for (let n = 0; n < 8; n += 2) expect(copiesOf(world, `user${n}@dest1.example`)).toBe(1);
  });
});

describe("poison", () => {
  test("is parked, and the others flow", async () => {
    const world = await play({ submissions: mails(6, 12, 1) }, (it) => {
      void it.log.intake().accept(poison);
      it.witness.stored(poison);
    });
    expect(world.store.parked.size).toBe(1);
    expect(timesOf(world, "unit_parked")).toHaveLength(1);
    expect(copiesOf(world, "user0@dest1.example")).toBe(1);
  });
});

const poisonedUnit: Unit = {
  uid: uidOf("01HF7YAYNABK58M0P28SYBZYFK" as QueueId, 0),
  destination: "dest1.example" as Destination,
  envelope: { reversePath: "" as PathText, body: "7bit", smtpUtf8: false },
  recipients: [{ path: "poison@dest1.example" as PathText }],
  lane: "n",
  acceptedAt: 0,
  expiresAt: 0,
  // What no decoder takes.
  sizeBytes: 0.5,
  isNotification: false,
};
const poison: Message = {
  id: "01HF7YAYNABK58M0P28SYBZYFK" as QueueId,
  units: [poisonedUnit],
  content: new TextEncoder().encode("poison"),
  isRepeatable: false,
};

describe("the wall clock", () => {
  test.each([-600, -5, 5, 600])(
    "steps by %d s: nothing is due twice, nothing waits for ever",
    async (byS) => {
      const world = await play({
        ...moody({ kind: "storm", share: 1 }, 0, 60),
        submissions: mails(10, 10, 1),
        incidents: [{ kind: "clockStep", atMs: 25 * second, byMs: byS * second }],
      });
      for (let n = 0; n < 10; n++)
        expect(copiesOf(world, `user${n}@dest${1 + (n % 2)}.example`)).toBe(1);
    },
  );
});

describe("a log that is full", () => {
  test("is emptied, though senders must be told of what is in it", async () => {
    const world = await play({
      logBytesMax: 6_000,
      submissions: Array.from({ length: 12 }, (_, n) => mail(`nobody${n}@dest1.example`, 8)),
    });
    expect(timesOf(world, "notification_postponed").length).toBeGreaterThan(0);
  });
});

test("the same seed is the same story", async () => {
  const stories = [await runSeed(7), await runSeed(7)].map(({ world }) =>
    world.trail.last(100_000),
  );
  expect(stories[0]?.length).toBeGreaterThan(50);
  expect(stories[0]).toEqual(stories[1] ?? []);
});
