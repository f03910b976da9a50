import { expect, test } from "bun:test";
import { Exemplars } from "./exemplars.ts";

test("each bucket has the last one, by labels; an end belongs to its bucket", () => {
  const exemplars = new Exemplars([0.1, 1]);
  const noted = (labels: string, value: number, at: number) => {
    const exemplar = { trace: `trace ${at}`, value, at };
    exemplars.note(labels, exemplar);
    return exemplar;
  };
  noted("a", 0.05, 1);
  const last = noted("a", 0.1, 2);
  const beyond = noted("a", 7, 3);
  const other = noted("b", 0.5, 4);
  expect([0, 1, 2].map((bucket) => exemplars.of("a", bucket))).toEqual([last, undefined, beyond]);
  expect([0, 1, 2].map((bucket) => exemplars.of("b", bucket))).toEqual([
    undefined,
    other,
    undefined,
  ]);
});
