import { afterEach, beforeEach, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { LineWriter } from "./line-writer.ts";

let directory: string;
let clock: ManualClock;
let descriptor: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "godwit-lines-"));
  clock = new ManualClock();
  descriptor = openSync(join(directory, "lines"), "w");
});

afterEach(async () => {
  closeSync(descriptor);
  await rm(directory, { recursive: true, force: true });
});

function written(): string {
  return readFileSync(join(directory, "lines"), "utf8");
}

function writer(waitingMax = 1_000): LineWriter {
  return new LineWriter({ descriptor, clock, waitingMax });
}

test("lines are gathered before they are written, in their order", async () => {
  const lines = writer();
  lines.write("a\n");
  lines.write("ü\n");
  expect({ timers: clock.timers, text: written() }).toEqual({ timers: 1, text: "" });
  clock.advance(20);
  await lines.flush();
  expect(written()).toBe("a\nü\n");
});

test("flush() needs no timer, and leaves none", async () => {
  const lines = writer();
  lines.write("a\n");
  await lines.flush();
  expect({ timers: clock.timers, text: written() }).toEqual({ timers: 0, text: "a\n" });
});

test("what comes during a write is written after it", async () => {
  const lines = writer();
  lines.write("a\n");
  const flushed = lines.flush();
  lines.write("b\n");
  await flushed;
  await lines.flush();
  expect(written()).toBe("a\nb\n");
});

test("beyond its limit lines are dropped and counted; after a write there is room again", async () => {
  const lines = writer(4);
  for (const line of ["a\n", "b\n", "c\n", "d\n"]) lines.write(line);
  await lines.flush();
  lines.write("e\n");
  await lines.flush();
  expect({ dropped: lines.dropped, text: written() }).toEqual({ dropped: 2, text: "a\nb\ne\n" });
});

test("a reader that is gone stops nothing", async () => {
  const readOnly = openSync(join(directory, "lines"), "r");
  const lines = new LineWriter({ descriptor: readOnly, clock, waitingMax: 1_000 });
  lines.write("a\n");
  await lines.flush();
  lines.write("b\n");
  await lines.flush();
  closeSync(readOnly);
  expect(lines.dropped).toBe(1);
});
