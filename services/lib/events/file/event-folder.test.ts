import { expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  eventFileName,
  openEventFolder,
  parseEventFileName,
  readEventFolder,
} from "./event-folder.ts";

const at = Date.parse("2026-11-28T15:26:25.123Z");

test("a name is the time of the file's beginning", () => {
  expect(eventFileName(at)).toBe("events-20261128T152625123Z.jsonl");
  expect(parseEventFileName(eventFileName(at))).toEqual({
    name: "events-20261128T152625123Z.jsonl",
    startedAt: at,
    isCompressed: false,
  });
  expect(parseEventFileName(`${eventFileName(at)}.zst`)).toMatchObject({ isCompressed: true });
});

test("names sort as their times do", () => {
  const times = [at, at + 1, at + 999, at + 86_400_000, at + 400 * 86_400_000];
  const names = times.map(eventFileName);
  expect([...names].sort()).toEqual(names);
});

test.each([
  "events-20261128T152625123Z.jsonl.zst.part",
  "events-20261328T152625123Z.jsonl",
  "events-20261128T152625Z.jsonl",
  "other.jsonl",
  "events-20261128T152625123Z.jsonl.gz",
])("%s is none of ours", (name) => {
  expect(parseEventFileName(name)).toBeUndefined();
});

test("a folder that is not there has no files, and is made when it is opened", async () => {
  const parent = await mkdtemp(join(tmpdir(), "godwit-events-"));
  try {
    const folder = join(parent, "a", "b");
    expect(await readEventFolder(folder)).toEqual({ files: [], unfinished: [] });
    expect(await openEventFolder(folder)).toEqual({ files: [], unfinished: [] });
    const [older, newer] = [eventFileName(at), eventFileName(at + 5)];
    for (const name of [newer, `${older}.zst`, `${newer}.zst.part`, "README"]) {
      await writeFile(join(folder, name), "");
    }
    const { files, unfinished } = await readEventFolder(folder);
    expect(files.map(({ name }) => name)).toEqual([`${older}.zst`, newer]);
    expect(unfinished).toEqual([`${newer}.zst.part`]);
    expect(await readdir(parent)).toEqual(["a"]);
  } finally {
    await rm(parent, { recursive: true });
  }
});
