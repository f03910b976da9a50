import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "#lib/telemetry/log";
import { VirtualClock } from "#lib/virtual-clock";
import { decodeEventRecord, encodeEventRecord } from "#proto/event-record";
import { eventOf } from "../../../../test/support/events/event-records.ts";
import { LineSplitter } from "../line-splitter.ts";
import { decompressed } from "./compression.ts";
import { eventFileName } from "./event-folder.ts";
import { FileOutlet, type FileOutletOptions } from "./file-outlet.ts";

const hourMs = 3_600_000;
let folder: string;
let clock: VirtualClock;
let batches = 0;
const opened: FileOutlet[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-events-"));
  clock = new VirtualClock();
});

afterEach(async () => {
  for (const outlet of opened.splice(0)) await outlet.close();
  await rm(folder, { recursive: true, force: true });
});

function outlet(options: Partial<FileOutletOptions> = {}): FileOutlet {
  const rotate = { sizeBytes: 10_000, ageMs: hourMs };
  const keep = { ageMs: 24 * hourMs, sizeBytes: 1_000_000 };
  const common = { folder, rotate, keep, clock, log: silentLog, freeBytesMin: 0 };
  const made = new FileOutlet({ ...common, ...options });
  opened.push(made);
  return made;
}

async function write(to: FileOutlet, ...numbers: readonly number[]): Promise<void> {
  batches += 1;
  await to.write({ n: batches, records: numbers.map((n) => eventOf(n)) });
}

async function names(): Promise<string[]> {
  return (await readdir(folder)).sort();
}

/** All attempts' numbers, file by file. */
async function numbers(): Promise<number[][]> {
  return Promise.all((await names()).map(async (name) => numbersOf(join(folder, name))));
}

async function numbersOf(path: string): Promise<number[]> {
  const lines: string[] = [];
  const splitter = new LineSplitter();
  const pieces = path.endsWith(".zst") ? decompressed(path) : [await readFile(path)];
  for await (const piece of pieces) lines.push(...splitter.push(piece));
  return lines.map((line) => Number(decodeEventRecord(line).attempt));
}

describe("writing", () => {
  test("a folder and a file are made when there is something to write", async () => {
    const to = outlet({ folder: join(folder, "a", "events") });
    expect(await names()).toEqual([]);
    await write(to, 1, 2);
    expect(await readdir(join(folder, "a", "events"))).toEqual([eventFileName(clock.now())]);
  });

  test("a line is a record as JSON", async () => {
    const to = outlet();
    await write(to, 1, 2);
    const text = await readFile(join(folder, eventFileName(clock.now())), "utf8");
    expect(text).toBe(encodeEventRecord(eventOf(1)) + encodeEventRecord(eventOf(2)));
  });

  test("nothing is written when that would leave too little for the mail", async () => {
    const to = outlet({ freeBytesMin: Number.MAX_SAFE_INTEGER });
    await expect(write(to, 1)).rejects.toThrow("bytes are free");
    expect(await names()).toEqual([]);
  });

  test("a folder that cannot be made is tried again", async () => {
    const place = join(folder, "events");
    await writeFile(place, "in the way");
    const to = outlet({ folder: place });
    await expect(write(to, 1)).rejects.toThrow();
    await rm(place);
    await write(to, 1);
    expect(await numbersOf(join(place, eventFileName(clock.now())))).toEqual([1]);
  });
});

describe("rotation", () => {
  test("a file that is large enough is finished and compressed", async () => {
    const to = outlet({ rotate: { sizeBytes: 300, ageMs: hourMs } });
    const first = eventFileName(clock.now());
    await write(to, 1, 2);
    await clock.advance(10);
    await write(to, 3);
    await to.tidied();
    expect(await names()).toEqual([`${first}.zst`, eventFileName(clock.now())]);
    expect(await numbers()).toEqual([[1, 2], [3]]);
  });

  test("one that is old enough, too, even when nothing comes", async () => {
    const to = outlet();
    const first = eventFileName(clock.now());
    await write(to, 1);
    for (let minute = 1; minute < 60; minute++) {
      await looked();
      expect(await names()).toEqual([first]);
    }
    await rotated(first);
    expect(await names()).toEqual([`${first}.zst`]);
    await write(to, 2);
    expect(await numbers()).toEqual([[1], [2]]);
  });

  test("a later file has a later name though the clock was put back", async () => {
    const to = outlet({ rotate: { sizeBytes: 1, ageMs: hourMs } });
    for (const n of [1, 2, 3]) {
      await write(to, n);
      clock.step(-1_000);
    }
    await to.tidied();
    expect((await numbers()).flat()).toEqual([1, 2, 3]);
  });

  test("finished files go when they are too old", async () => {
    const to = outlet({ keep: { ageMs: 2 * hourMs, sizeBytes: 1_000_000 } });
    for (const n of [1, 2, 3, 4, 5]) {
      await write(to, n);
      await clock.advance(hourMs);
      await to.tidied();
    }
    await write(to, 6);
    await to.tidied();
    expect(await numbers()).toEqual([[3], [4], [5], [6]]);
  });

  test("and when all together are too large, the oldest first, never the one being written", async () => {
    const to = outlet({
      rotate: { sizeBytes: 1, ageMs: hourMs },
      keep: { ageMs: 24 * hourMs, sizeBytes: 600 },
    });
    for (const n of [1, 2, 3, 4, 5, 6]) {
      await clock.advance(1);
      await write(to, n);
    }
    await to.tidied();
    const kept = (await numbers()).flat();
    expect(kept.at(-1)).toBe(6);
    expect(kept).toEqual([4, 5, 6].slice(-kept.length));
    expect(kept.length).toBeLessThan(6);
  });
});

/** A minute passes, and what is done then is through. */
async function looked(): Promise<void> {
  await clock.advance(60_000);
  while (clock.nextDueAt() === undefined) await clock.advance(0);
}

/** Its hour is over, and nothing is written to it. */
async function rotated(name: string): Promise<void> {
  await clock.advance(60_000);
  while ((await names()).includes(name)) await clock.advance(0);
}

describe("after a crash", () => {
  test("the file goes on, without its torn last line", async () => {
    const first = outlet();
    await write(first, 1);
    await first.close();
    const [name = ""] = await names();
    await appendFile(join(folder, name), '{"v":1,"kind":"deliv');
    await clock.advance(1_000);
    const told: unknown[] = [];
    const log = { ...silentLog, warn: (...args: unknown[]) => void told.push(args) };
    await write(outlet({ log }), 2);
    expect(told).toEqual([["events_torn", { file: name, cut_bytes: 20 }]]);
    expect(await numbers()).toEqual([[1, 2]]);
  });

  test("what was being compressed is compressed anew, and nothing is there twice", async () => {
    const [older, newer] = [eventFileName(clock.now() - 5_000), eventFileName(clock.now() - 10)];
    await writeFile(join(folder, older), encodeEventRecord(eventOf(1)));
    await writeFile(join(folder, `${older}.zst.part`), "half");
    await writeFile(join(folder, newer), encodeEventRecord(eventOf(2)));
    const to = outlet();
    await write(to, 3);
    await to.tidied();
    expect(await names()).toEqual([`${older}.zst`, newer]);
    expect(await numbers()).toEqual([[1], [2, 3]]);
    await to.close();
    // Killed between the renaming and the removal.
    await writeFile(join(folder, older), encodeEventRecord(eventOf(1)));
    const again = outlet();
    await write(again, 4);
    await again.tidied();
    expect(await names()).toEqual([`${older}.zst`, newer]);
  });

  test("what a failed write left is overwritten by the next", async () => {
    const to = outlet();
    await write(to, 1);
    const [name = ""] = await names();
    await appendFile(join(folder, name), '{"half of a batch');
    await write(to, 2);
    expect(await numbers()).toEqual([[1, 2]]);
  });

  test("other files in the folder are let alone", async () => {
    await writeFile(join(folder, "notes.txt"), "mine");
    const to = outlet({ keep: { ageMs: 0, sizeBytes: 0 } });
    await write(to, 1);
    await to.tidied();
    expect(await names()).toContain("notes.txt");
  });
});

test("closing leaves the file to the next process, and compresses nothing", async () => {
  const to = outlet();
  await write(to, 1);
  await to.close();
  expect(await names()).toEqual([eventFileName(clock.now())]);
  expect(clock.nextDueAt()).toBeUndefined();
});
