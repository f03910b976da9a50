import { expect, test } from "bun:test";
import {
  childrenOf,
  machineCpuSeconds,
  parseMachineStat,
  parseStat,
  parseWrittenBytes,
  residentOf,
  treeOf,
  usageOf,
  writtenBytesOf,
} from "./process-tree.ts";

test("parseStat() is not misled by the name of the program", () => {
  const rest = Array.from({ length: 50 }, (_, i) => String(i + 3));
  rest[0] = "S";
  const stat = parseStat(`17 (a) b (c) ${rest.join(" ")}`);
  expect(stat).toEqual({ pid: 17, parent: 4, ticks: 14 + 15 + 16 + 17, rssPages: 24 });
});

test("parseMachineStat() leaves out what was idle", () => {
  expect(parseMachineStat("cpu  1 2 4 8 16 32 64 128 256 512\ncpu0 9 9 9\n")).toBe(231);
  expect(machineCpuSeconds()).toBeGreaterThan(usageOf(process.pid).cpuSeconds);
});

test("usageOf() counts a process and its children", async () => {
  const before = usageOf(process.pid);
  expect(before.rssBytes).toBeGreaterThan(10_000_000);
  expect(before.anonymousBytes).toBeGreaterThan(1_000_000);
  expect(before.cpuSeconds).toBeGreaterThan(0);
  const child = Bun.spawn(["cat"], { stdin: "pipe" });
  expect(usageOf(process.pid).processes).toBe(before.processes + 1);
  expect(residentOf(process.pid).processes).toBe(before.processes + 1);
  expect(residentOf(process.pid).rssBytes).toBeGreaterThan(10_000_000);
  expect(childrenOf(process.pid)).toContain(child.pid);
  expect(treeOf(process.pid)).toContain(child.pid);
  await child.stdin.end();
  await child.exited;
});

test("usageOf() is nothing for a process that is gone", () => {
  expect(usageOf(2 ** 22 + 1)).toEqual({
    cpuSeconds: 0,
    rssBytes: 0,
    anonymousBytes: 0,
    processes: 0,
  });
});

test("parseWrittenBytes() leaves out what was gone before it was written", () => {
  const text =
    "rchar: 9\nwchar: 9\nread_bytes: 9\nwrite_bytes: 12288\ncancelled_write_bytes: 4096\n";
  expect(parseWrittenBytes(text)).toBe(8_192);
  expect(parseWrittenBytes("")).toBe(0);
  expect(writtenBytesOf(2 ** 22 + 1)).toBe(0);
});
