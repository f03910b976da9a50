/** A run that goes wrong says how, and how to see it again. */
import { expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { passedText, reportOf } from "./report.ts";
import { runPlan } from "./run.ts";
import { drawWorld } from "./world/drawn-world.ts";
import type { World } from "./world/world.ts";

const seed = 3;

async function verdictOf(direct: (world: World) => void) {
  const finished = await runPlan(drawWorld(seed, seededRandom(seed)), direct);
  return { kind: finished.verdict.kind, report: reportOf(finished, 5), world: finished.world };
}

test.each([
  [1, "1 world, seed 7: all is well"],
  [2, "2 worlds, from seed 7 on: all is well"],
])("%p that passed is told in one line", (count, text) => {
  expect(passedText({ from: 7, count })).toBe(text);
});

test("a broken rule is a verdict of safety, with the events of the message concerned", async () => {
  const { kind, report } = await verdictOf(({ clock, witness }) => {
    clock.after(30_000, () => witness.breaches.broke("a rule", ["edge1"], "was broken"));
  });
  expect(kind).toBe("safety");
  const lines = report.split("\n");
  expect(lines[0]).toBe("safety: a rule: was broken");
  expect(lines[1]).toBe(`replay: npm run sim -- --seed ${seed} --events`);
  expect(lines[2]).toContain(`"seed":${seed}`);
  expect(lines.slice(4, -1).every((event) => event.includes("edge1"))).toBe(true);
});

test("a world that was drawn otherwise is replayed by a command that says so", async () => {
  const finished = await runPlan(drawWorld(seed, seededRandom(seed)), ({ clock, witness }) => {
    clock.after(1_000, () => witness.breaches.broke("a rule", ["edge1"], "was broken"));
  });
  const [, replay] = reportOf(finished, 5, ["--harsh"]).split("\n");
  expect(replay).toBe(`replay: npm run sim -- --seed ${seed} --harsh --events`);
});

test("an exception in a timer and a failed assertion are crashes", async () => {
  const thrown = await verdictOf(({ clock }) => {
    clock.after(1_000, () => {
      throw new Error("out of a timer");
    });
  });
  expect(thrown.report).toStartWith("crash: Error: out of a timer");
  const asserted = await verdictOf(({ clock, crashes }) => {
    clock.after(1_000, () => void crashes.push("Assertion failed: it must hold"));
  });
  expect(asserted.kind).toBe("crash");
});

test("mail that never comes to an end is a verdict of liveness", async () => {
  const { kind, report, world } = await verdictOf(({ clock, plan, workers }) => {
    // Behind the end of all faults: nobody starts them again.
    clock.after(plan.faultsEndAtMs + 1, () => {
      for (const worker of workers) worker.kill();
    });
    clock.after(plan.faultsEndAtMs - 1_000, () => {
      for (const worker of workers) worker.kill();
    });
  });
  expect(kind).toBe("liveness");
  expect(world.witness.ends.withoutEnd.length).toBeGreaterThan(0);
  expect(report).toContain("has no end");
});

test("what is drawn follows from the seed alone", () => {
  expect(drawWorld(5, seededRandom(5))).toEqual(drawWorld(5, seededRandom(5)));
  expect(drawWorld(5, seededRandom(5))).not.toEqual(drawWorld(6, seededRandom(6)));
});
