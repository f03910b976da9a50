import { expect, test } from "bun:test";
import { InFlight } from "./in-flight.ts";

/** Tasks that end when told to, and the order in which they started. */
function bench(limit: { countMax: number; bytesMax: number }) {
  const inFlight = new InFlight(limit);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, bytes: number) =>
    inFlight.run(bytes, () => {
      started.push(name);
      return new Promise<void>((end) => ends.set(name, end));
    });
  return { inFlight, started, run, end: (name: string) => ends.get(name)?.() };
}

test("no more run than the count allows, and the others follow in order", async () => {
  const { started, run, end } = bench({ countMax: 2, bytesMax: 100 });
  const [a] = [run("a", 1), run("b", 1), run("c", 1), run("d", 1)];
  expect(started).toEqual(["a", "b"]);
  end("a");
  await a;
  await Promise.resolve();
  expect(started).toEqual(["a", "b", "c"]);
});

test("bytes are bounded, too, and a small one does not overtake a large one", async () => {
  const { started, run, end, inFlight } = bench({ countMax: 10, bytesMax: 100 });
  const first = run("a", 60);
  void run("large", 50);
  void run("small", 1);
  expect(started).toEqual(["a"]);
  end("a");
  await first;
  await Promise.resolve();
  expect(started).toEqual(["a", "large", "small"]);
  expect(inFlight.bytes).toBe(51);
});

test("what is larger than all room runs alone", async () => {
  const { started, run, end } = bench({ countMax: 10, bytesMax: 100 });
  const huge = run("huge", 1_000);
  void run("next", 1);
  expect(started).toEqual(["huge"]);
  end("huge");
  await huge;
  await Promise.resolve();
  expect(started).toEqual(["huge", "next"]);
});

test("room comes back from a task that fails", async () => {
  const inFlight = new InFlight({ countMax: 1, bytesMax: 1 });
  const failing = inFlight.run(1, () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  expect([inFlight.count, inFlight.bytes]).toEqual([0, 0]);
});
