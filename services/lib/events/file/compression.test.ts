import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeEventRecord } from "#proto/event-record";
import { eventsOf } from "../../../../test/support/events/event-records.ts";
import { compressFile, decompressed } from "./compression.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-events-"));
});
afterEach(() => rm(folder, { recursive: true }));

const { signal } = new AbortController();

async function textOf(path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decompressed(path)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

test("a file is replaced by its compressed form, which is much smaller", async () => {
  const path = join(folder, "events.jsonl");
  const text = eventsOf(20_000).map(encodeEventRecord).join("");
  await writeFile(path, text);
  await compressFile(path, signal);
  expect(await readdir(folder)).toEqual(["events.jsonl.zst"]);
  expect(await textOf(`${path}.zst`)).toBe(text);
  expect((await readFile(`${path}.zst`)).length).toBeLessThan(text.length / 5);
});

test("what is broken off leaves the file as it was", async () => {
  const path = join(folder, "events.jsonl");
  await writeFile(path, "a\n");
  await expect(compressFile(path, AbortSignal.abort())).rejects.toThrow();
  expect(await readFile(path, "utf8")).toBe("a\n");
  expect(await readdir(folder)).not.toContain("events.jsonl.zst");
});

test("a file that cannot be read is not replaced", async () => {
  await expect(compressFile(join(folder, "none"), signal)).rejects.toThrow("ENOENT");
  expect(await readdir(folder)).not.toContain("none.zst");
});
