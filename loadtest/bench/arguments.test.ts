import { expect, test } from "bun:test";
import { benchArguments } from "./arguments.ts";

test("without any: throughput of all, five runs", () => {
  expect(benchArguments([])).toEqual({
    messages: 20_000,
    sessions: 20,
    sizeBytes: 4_096,
    runs: 5,
    only: ["ceiling", "godwit", "postfix"],
    idle: undefined,
    measuresLone: false,
    deferred: undefined,
    measuresThroughput: true,
  });
});

test("what else is measured is asked for", () => {
  const words = "--no-throughput --lone --idle 10000 --deferred 100000 --only godwit --runs 1";
  expect(benchArguments(words.split(" "))).toMatchObject({
    measuresThroughput: false,
    measuresLone: true,
    idle: 10_000,
    deferred: 100_000,
    only: ["godwit"],
    runs: 1,
  });
});
