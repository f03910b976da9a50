import { expect, test } from "bun:test";
import { type Shape, stagesOf } from "./stages.ts";

const shapes: readonly Shape[] = ["ramp", "spike", "stress"];

test.each(shapes)("%s takes the time that it is given, and reaches all users", (shape) => {
  const stages = stagesOf(shape, 37, 20_000);
  const wholeMs = stages.reduce((sum, { duration }) => sum + Number.parseInt(duration, 10), 0);
  expect(wholeMs).toBe(20_000);
  expect(Math.max(...stages.map(({ target }) => target))).toBe(37);
});

test("a ramp ends with nobody, a spike with those that it began with", () => {
  expect(stagesOf("ramp", 8, 1_000).at(-1)?.target).toBe(0);
  const spike = stagesOf("spike", 50, 10_000).map(({ target }) => target);
  expect(spike).toEqual([5, 5, 50, 50, 5, 5]);
});

test("stress climbs stair by stair; one user is as many as there can be of one", () => {
  const stress = stagesOf("stress", 40, 10_000).map(({ target }) => target);
  expect(stress).toEqual([10, 10, 20, 20, 30, 30, 40, 40]);
  expect(stagesOf("spike", 1, 1_000).map(({ target }) => target)).toEqual([1, 1, 1, 1, 1, 1]);
});
