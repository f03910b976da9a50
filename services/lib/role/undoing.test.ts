import { expect, test } from "bun:test";
import { Undoing } from "./undoing.ts";

test("what was started last stops first, and once", async () => {
  const undoing = new Undoing();
  const stopped: string[] = [];
  undoing.add(() => void stopped.push("control"));
  undoing.add(async () => void stopped.push("links"));
  undoing.add(() => void stopped.push("edge"));
  await Promise.all([undoing.undo(), undoing.undo()]);
  expect(stopped).toEqual(["edge", "links", "control"]);
});

test("a step that fails keeps none of the others from stopping", async () => {
  const undoing = new Undoing();
  const stopped: string[] = [];
  undoing.add(() => void stopped.push("control"));
  undoing.add(() => Promise.reject(new Error("links")));
  await expect(undoing.undo()).rejects.toThrow("links");
  expect(stopped).toEqual(["control"]);
});

test("what is started behind the end stops at once", async () => {
  const undoing = new Undoing();
  const stopped: string[] = [];
  undoing.add(async () => undoing.add(() => void stopped.push("begun meanwhile")));
  await undoing.undo();
  undoing.add(() => void stopped.push("begun later"));
  expect(stopped).toEqual(["begun meanwhile", "begun later"]);
});
