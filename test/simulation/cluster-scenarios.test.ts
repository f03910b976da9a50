/** What only a cluster has: messages that workers split, readers that repeat themselves, partitions, holds. */
import { describe, expect, test } from "bun:test";
import type { PathText } from "#lib/smtp/path";
import type { Plant } from "./plants/plant.ts";
import { noRates } from "./process/drawn-faults.ts";
import { runPlan } from "./run.ts";
import { copiesOf, mail, mails, play, quiet, second, timesOf } from "./stage.ts";
import type { World } from "./world/world.ts";
import type { WorldPlan } from "./world/world-plan.ts";

const both = ["user0@dest1.example", "user1@dest2.example"];
const toBoth = {
  ...mail("user0@dest1.example", 10),
  recipients: both.map((path) => ({ path: path as PathText })),
};

function copies(world: World): readonly number[] {
  return both.map((path) => copiesOf(world, path));
}

describe("a message to two destinations", () => {
  test.each(["publish", "acknowledge"])(
    "whose worker is killed behind %s reaches each once",
    async (operation) => {
      const world = await play({ submissions: [toBoth] }, ({ workers, clock }) => {
        const [worker] = workers;
        worker?.faults?.once({
          operation,
          moment: "after",
          fails: false,
          act() {
            worker.kill();
            clock.after(5 * second, () => worker.start());
          },
        });
      });
      expect(copies(world)).toEqual([1, 1]);
    },
  );

  test("whose unit was published, but the answer lost, reaches each once", async () => {
    const world = await play({ submissions: [toBoth] }, ({ workers }) => {
      workers[0]?.faults?.once({ operation: "publish", moment: "after", fails: true });
    });
    expect(timesOf(world, "split_failed")).toHaveLength(1);
    expect(copies(world)).toEqual([1, 1]);
  });
});

test("a log that hands its entries out again and in disorder is read as if it did not", async () => {
  const world = await play({
    rates: { ...noRates, again: 1 },
    submissions: mails(40, 10, 0.2),
    shards: 1,
  });
  expect(world.witness.copies.doubtful).toBe(0);
  for (let n = 0; n < 40; n++)
    expect(copiesOf(world, `user${n}@dest${1 + (n % 2)}.example`)).toBe(1);
});

describe("a worker that is cut off", () => {
  const nats = ["intake", "stream", "journal", "leases", "bus"] as const;
  test.each(["calls", "answers"] as const)(
    "from NATS (its %s) for a minute loses its shards, and nothing else",
    async (what) => {
      const world = await play({
        workers: ["worker1", "worker2"],
        submissions: mails(60, 10, 1),
        incidents: [
          {
            kind: "cutOff",
            atMs: 20 * second,
            process: "worker1",
            forMs: 60 * second,
            seams: nats,
            what,
          },
        ],
      });
      expect(timesOf(world, "tenure_expired", "worker1/1")).toHaveLength(1);
      expect(world.witness.copies.doubtful).toBeLessThanOrEqual(6);
    },
  );

  test("from the journal alone keeps its shards, and records later", async () => {
    const world = await play({
      workers: ["worker1", "worker2"],
      submissions: mails(60, 10, 1),
      incidents: [
        {
          kind: "cutOff",
          atMs: 20 * second,
          process: "worker1",
          forMs: 60 * second,
          seams: ["journal"],
          what: "calls",
        },
      ],
    });
    expect(timesOf(world, "tenure_expired")).toHaveLength(0);
    expect(world.witness.copies.doubtful).toBe(0);
  });
});

describe("a worker that was paused, and cannot read the holds when it begins anew", () => {
  const plan: Pick<WorldPlan, "submissions" | "incidents"> = {
    submissions: mails(80, 12, 1),
    incidents: [
      { kind: "hold", atMs: 10 * second, name: "dest1.example", forMs: 85 * second },
      {
        kind: "cutOff",
        atMs: 18 * second,
        process: "worker1",
        forMs: 80 * second,
        seams: ["store"],
        what: "calls",
      },
      { kind: "pause", atMs: 20 * second, process: "worker1", forMs: 40 * second },
    ],
  };

  test("goes on with those that its process knew", async () => {
    const world = await play(plan);
    expect(timesOf(world, "started worker1/2")).toHaveLength(1);
    const sent = timesOf(world, "copy", "@dest2.example by").filter((at) => at > 60);
    expect(Math.min(...sent)).toBeLessThan(90);
    expect(Math.min(...timesOf(world, "copy", "@dest1.example by"))).toBeGreaterThan(95);
  });

  test("is seen when it forgets one of them", async () => {
    let incarnations = 0;
    const forgetful: Plant = (seams) => {
      incarnations += 1;
      if (incarnations === 1) return seams;
      return { ...seams, store: { ...seams.store, holds: async () => [] } };
    };
    const { verdict } = await runPlan({ ...quiet, ...plan }, undefined, forgetful);
    expect(verdict.kind).toBe("safety");
    expect(JSON.stringify(verdict)).toContain("what is held is not tried");
  });
});

test("what is held stays held when its owner dies, and goes out when it is released", async () => {
  const world = await play({
    workers: ["worker1", "worker2"],
    submissions: mails(20, 12, 1),
    incidents: [
      { kind: "hold", atMs: 10 * second, name: "dest1.example", forMs: 80 * second },
      { kind: "kill", atMs: 20 * second, process: "worker1", forMs: 5 * second },
      { kind: "kill", atMs: 40 * second, process: "worker2", forMs: 5 * second },
    ],
  });
  const sent = timesOf(world, "copy", "@dest1.example by");
  expect(Math.min(...sent)).toBeGreaterThan(90);
  expect(copiesOf(world, "user0@dest1.example")).toBe(1);
});
