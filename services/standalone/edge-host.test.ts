import { expect, test } from "bun:test";
import { loadConfig } from "#lib/config/load";
import { edgeThreadsOf } from "./edge-host.ts";

const source = { fileName: "x.yaml", osHostname: "host", environment: {}, readFile: () => "" };
const loaded = loadConfig("", source);
if ("faults" in loaded) throw new Error("an empty file is a configuration");
const { suppression } = loaded.config;

test.each([
  ["one core", undefined, 1, 0],
  ["two cores", undefined, 2, 0],
  ["three cores", undefined, 3, 1],
  ["many cores", undefined, 64, 1],
  ["many cores and no thread wanted", 0, 64, 0],
  ["one core and a thread wanted", 1, 1, 1],
] as const)("%s", (_, edgeThreads, cores, threads) => {
  const config = { suppression, ...(edgeThreads === undefined ? {} : { edgeThreads }) };
  expect(edgeThreadsOf(config, cores)).toBe(threads);
});

test("whoever refuses suppressed recipients does so in the main thread", () => {
  const refusing = { ...suppression, submission: "refuse" } as const;
  expect(edgeThreadsOf({ suppression: refusing, edgeThreads: 1 }, 64)).toBe(0);
});
