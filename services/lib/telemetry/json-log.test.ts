import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { jsonLines, jsonLog, type LogLevel, type ProcessLog } from "./json-log.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "godwit-log-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The lines that `write` leaves, without their time. */
async function linesOf(level: LogLevel, write: (log: ProcessLog) => void): Promise<unknown[]> {
  const file = join(directory, "log");
  const handle = await open(file, "w");
  const log = jsonLog({ level, clock: systemClock, descriptor: handle.fd });
  write(log);
  await log.flush();
  await handle.close();
  const lines = (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const { time, ...rest } = JSON.parse(line);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    return rest;
  });
}

test("an event is a line with its name, level and fields", async () => {
  const lines = await linesOf("info", (log) => {
    log.info("message_accepted", { queue_id: "A", recipients: 2 });
    log.warn("listener_slow");
  });
  expect(lines).toEqual([
    { level: "info", event: "message_accepted", queue_id: "A", recipients: 2 },
    { level: "warn", event: "listener_slow" },
  ]);
});

test("what is below the level is not written", async () => {
  const lines = await linesOf("warn", (log) => {
    log.debug("a");
    log.info("b", { x: 1 });
    log.error("c");
  });
  expect(lines).toEqual([{ level: "error", event: "c" }]);
});

test("an error has its name, message and causes", async () => {
  const error = new Error("Cannot publish", { cause: new TypeError("stream is closed") });
  const [line] = await linesOf("info", (log) => log.error("failed", { error }));
  expect(line).toMatchObject({
    error: {
      name: "Error",
      message: "Cannot publish",
      cause: { name: "TypeError", message: "stream is closed" },
    },
  });
});

test("an error that is text stays text", async () => {
  const [line] = await linesOf("info", (log) => log.error("failed", { error: "no" }));
  expect(line).toMatchObject({ error: "no" });
});

test("line ends and control characters within a field stay within its line", async () => {
  const lines = await linesOf("info", (log) => log.info("x", { text: "a\r\nb\u0000" }));
  expect(lines).toEqual([{ level: "info", event: "x", text: "a\r\nb\u0000" }]);
});

test("a field cannot pose as the event or the level", async () => {
  const [line] = await linesOf("info", (log) => log.info("real", { event: "fake" }));
  expect(line).toMatchObject({ event: "real" });
});

test("what JSON cannot say costs its fields, not the line", async () => {
  const [line] = await linesOf("info", (log) => log.info("odd", { n: 1n }));
  expect(line).toMatchObject({ event: "odd", unwritable: expect.stringContaining("BigInt") });
});

test("lines made for it elsewhere are the same, and stand between its own", async () => {
  const lines = await linesOf("info", (log) => {
    const elsewhere = jsonLines({
      level: "info",
      clock: systemClock,
      write: (line) => log.write(line),
    });
    log.info("first", { n: 1 });
    elsewhere.info("second", { error: new Error("no") });
    elsewhere.debug("too low");
    log.info("third");
  });
  expect(lines).toMatchObject([
    { level: "info", event: "first", n: 1 },
    { level: "info", event: "second", error: { name: "Error", message: "no" } },
    { level: "info", event: "third" },
  ]);
});

test("level, time and event come first", async () => {
  const file = join(directory, "ordered");
  const handle = await open(file, "w");
  const log = jsonLog({ level: "info", clock: systemClock, descriptor: handle.fd });
  log.info("x", { a: 1 });
  await log.flush();
  await handle.close();
  expect(Object.keys(JSON.parse(await readFile(file, "utf8")))).toEqual([
    "level",
    "time",
    "event",
    "a",
  ]);
});
