import { expect, test } from "bun:test";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wholeLinesLength } from "./whole-lines.ts";

async function lengthOf(text: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "godwit-events-"));
  try {
    const path = join(folder, "lines");
    await writeFile(path, text);
    await using file = await open(path, "r");
    return await wholeLinesLength(file, text.length);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const long = "x".repeat(200_000);

test.each<readonly [string, string, number]>([
  ["an empty file", "", 0],
  ["whole lines", "a\nb\n", 4],
  ["a torn last line", "a\nb", 2],
  ["nothing but a torn line", "abc", 0],
  ["a torn line that is longer than what is read at once", `a\n${long}`, 2],
  ["a long whole line", `${long}\n`, 200_001],
  ["zeros that a power loss left", "a\nb\0\0\0", 2],
  ["zeros behind a whole line", `a\n${"\0".repeat(100_000)}`, 2],
  ["zeros with a line end among them", "a\nb\0\n\0", 2],
  ["nothing but zeros", "\0".repeat(70_000), 0],
])("%s", async (_, text, length) => {
  expect(await lengthOf(text)).toBe(length);
});
