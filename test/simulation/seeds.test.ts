/**
 * Two thousand worlds, each from its seed: safe at every step, and empty at the end (STYLE §9). Shared
 * out among processes, for a world keeps one processor busy; by `main.ts`, as anybody would run them.
 */
import { expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const seedsMax = 2_000;
const processesMax = 4;

async function run(from: number, count: number): Promise<string> {
  const words = ["--from", String(from), "--seeds", String(count)];
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return `${out}${err}${code}`;
}

test("worlds 1 to 2,000 are safe and come to an end", async () => {
  const shares = Math.min(processesMax, availableParallelism());
  const count = Math.ceil(seedsMax / shares);
  const froms = Array.from({ length: shares }, (_, n) => 1 + n * count);
  const told = await Promise.all(froms.map((from) => run(from, count)));
  expect(told).toEqual(
    froms.map((from) => `${count} worlds, from seed ${from} on: all is well\n0`),
  );
}, 900_000);
