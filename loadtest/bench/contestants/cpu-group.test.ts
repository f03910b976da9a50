import { expect, test } from "bun:test";
import { parseCpuSeconds } from "./cpu-group.ts";

test.each([
  ["version 1", { "cpuacct.usage": "1354742000\n" }, 1.354742],
  ["version 2", { "cpu.stat": "usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n" }, 2.5],
  ["neither", {}, undefined],
] as const)("parseCpuSeconds() of %s", (_, files, seconds) => {
  const texts = new Map<string, string>(Object.entries(files));
  expect(parseCpuSeconds((name) => texts.get(name) ?? "")).toBe(seconds);
});
