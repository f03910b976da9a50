import { expect, test } from "bun:test";
import { benchArguments } from "./arguments.ts";

test("without any: throughput of all, five runs", () => {
  expect(benchArguments([])).toEqual({
    messages: 20_000,
    sessions: 20,
    sizeBytes: 4_096,
    domains: 1,
    shards: 16,
    runs: 5,
    only: ["ceiling", "godwit", "postfix"],
    idle: undefined,
    measuresLone: false,
    deferred: undefined,
    deferredDomains: 1,
    measuresThroughput: true,
    growth: undefined,
    ratePerSecond: 500,
    limits: undefined,
    scaling: undefined,
  });
});

test("a cluster takes part when it is named", () => {
  const words = "--only cluster --sessions 100 --domains 200 --shards 64";
  expect(benchArguments(words.split(" "))).toMatchObject({
    only: ["cluster"],
    sessions: 100,
    domains: 200,
    shards: 64,
  });
});

test("what grows step by step is measured by itself", () => {
  const words = "--scaling depth --scaling-steps 0,5000000";
  expect(benchArguments(words.split(" "))).toMatchObject({
    scaling: [{ name: "depth", steps: [0, 5_000_000] }],
    measuresThroughput: false,
  });
  const names = benchArguments(["--scaling"]).scaling?.map(({ name }) => name);
  expect(names).toEqual(["depth", "destinations", "sessions", "shards", "workers"]);
});

test("growth is measured by itself", () => {
  expect(benchArguments("--growth 30 --rate 250".split(" "))).toMatchObject({
    growth: 30,
    ratePerSecond: 250,
    measuresThroughput: false,
  });
});

test("limits are measured by themselves, all of it or parts", () => {
  const all = { seconds: 60, hosts: "own", queued: 100_000 } as const;
  expect(benchArguments(["--limits"])).toMatchObject({
    measuresThroughput: false,
    limits: { ...all, parts: ["accuracy", "fairness", "destinations", "reckoning"] },
  });
  const words = "--limits fairness,accuracy --limits-seconds 30 --limits-hosts shared";
  expect(benchArguments([...words.split(" "), "--limits-queued", "5000"]).limits).toEqual({
    parts: ["fairness", "accuracy"],
    seconds: 30,
    hosts: "shared",
    queued: 5_000,
  });
});

test("what else is measured is asked for", () => {
  const words =
    "--no-throughput --lone --idle 10000 --deferred 100000 --deferred-domains 20 --runs 1 --only godwit";
  expect(benchArguments(words.split(" "))).toMatchObject({
    measuresThroughput: false,
    measuresLone: true,
    idle: 10_000,
    deferred: 100_000,
    deferredDomains: 20,
    only: ["godwit"],
    runs: 1,
  });
});
