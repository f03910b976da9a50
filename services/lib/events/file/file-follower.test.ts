import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "#lib/virtual-clock";
import { compressFile } from "./compression.ts";
import { eventFileName } from "./event-folder.ts";
import { type FileFollowOptions, followEventFiles } from "./file-follower.ts";

let folder: string;
let clock: VirtualClock;
let ending: AbortController;
const followers: AsyncGenerator<string>[] = [];

function follow(options: Partial<FileFollowOptions> = {}): AsyncGenerator<string> {
  const common = { folder, from: "start", clock, signal: ending.signal } as const;
  const lines = followEventFiles({ ...common, ...options });
  followers.push(lines);
  return lines;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-events-"));
  clock = new VirtualClock();
  ending = new AbortController();
});

afterEach(async () => {
  ending.abort();
  for (const lines of followers.splice(0)) await lines.return(undefined);
  await rm(folder, { recursive: true });
});

const pathOf = (n: number) => join(folder, eventFileName(1_700_000_000_000 + n));

/** Hands out line by line; while none is there, the follower's clock goes on. */
function followed() {
  const lines = follow();
  return async (count: number): Promise<string[]> => {
    const found: string[] = [];
    for (let n = 0; n < count; n++) {
      let isThere = false;
      const next = lines.next().then(({ value }) => {
        isThere = true;
        return String(value);
      });
      while (!isThere) await clock.advance(50);
      found.push(await next);
    }
    return found;
  };
}

test("from the start all files are read, finished ones too, and then what comes", async () => {
  await writeFile(pathOf(1), "a\nb\n");
  await compressFile(pathOf(1), ending.signal);
  await writeFile(pathOf(2), "c\n");
  const next = followed();
  expect(await next(3)).toEqual(["a", "b", "c"]);
  await appendFile(pathOf(2), "d\n");
  expect(await next(1)).toEqual(["d"]);
  await appendFile(pathOf(2), "e\n");
  await writeFile(pathOf(3), "f\n");
  expect(await next(2)).toEqual(["e", "f"]);
});

test("from the end only what comes is told", async () => {
  await writeFile(pathOf(1), "a\n");
  await writeFile(pathOf(2), "b\n");
  const lines = follow({ from: "end" });
  const first = lines.next();
  await isWaiting();
  await appendFile(pathOf(2), "c\n");
  await clock.advance(250);
  expect(await first).toEqual({ done: false, value: "c" });
});

/** The follower has seen all that is there. */
async function isWaiting(): Promise<void> {
  while (clock.nextDueAt() === undefined) await clock.advance(0);
}

test("a torn last line is told when it is whole", async () => {
  await writeFile(pathOf(1), "a\nto");
  const next = followed();
  expect(await next(1)).toEqual(["a"]);
  await appendFile(pathOf(1), "rn\n");
  expect(await next(1)).toEqual(["torn"]);
});

test("a file that is compressed while it is read is read to its end", async () => {
  await writeFile(pathOf(1), "a\n");
  const next = followed();
  expect(await next(1)).toEqual(["a"]);
  await appendFile(pathOf(1), "b\n");
  await compressFile(pathOf(1), ending.signal);
  await writeFile(pathOf(2), "c\n");
  expect(await next(2)).toEqual(["b", "c"]);
});

test("a folder that is not there yet is waited for", async () => {
  const lines = follow({ folder: join(folder, "later"), from: "end" });
  const first = lines.next();
  await isWaiting();
  ending.abort();
  expect((await first).done).toBe(true);
});
