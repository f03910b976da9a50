import { describe, expect, test } from "bun:test";
import { betweenFaults, type FaultPoint, type Faults } from "./faults.ts";

const point: FaultPoint = { seam: "intake", operation: "accept" };

async function run(fault: Partial<Faults>): Promise<string[]> {
  const steps: string[] = [];
  const faults = { before: async () => {}, after: async () => {}, ...fault };
  const act = () => steps.push("done");
  await betweenFaults(faults, point, act).then(
    () => steps.push("answered"),
    () => steps.push("failed"),
  );
  return steps;
}

describe("betweenFaults()", () => {
  test("does and answers when nothing is wrong", async () => {
    expect(await run({})).toEqual(["done", "answered"]);
  });

  test("a fault before means that nothing was done", async () => {
    expect(await run({ before: () => Promise.reject(new Error()) })).toEqual(["failed"]);
  });

  test("a fault after means that it was done and the answer is lost", async () => {
    expect(await run({ after: () => Promise.reject(new Error()) })).toEqual(["done", "failed"]);
  });

  test("tells both points where they are", async () => {
    const seen: FaultPoint[] = [];
    const note = async (at: FaultPoint) => void seen.push(at);
    await run({ before: note, after: note });
    expect(seen).toEqual([point, point]);
  });
});
