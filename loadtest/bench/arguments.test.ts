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
    only: ["ceiling", "godwit", "postfix", "exim", "opensmtpd", "haraka"],
    idle: undefined,
    measuresLone: false,
    deferred: undefined,
    deferredDomains: 1,
    measuresThroughput: true,
    matrix: undefined,
    measuresSyncs: false,
    soakMinutes: undefined,
    external: undefined,
    tls: "none",
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

test("the matrix is measured by itself, with the cluster, and quickly on request", () => {
  expect(benchArguments(["--matrix"])).toMatchObject({
    matrix: "full",
    runs: 5,
    measuresThroughput: false,
    only: ["ceiling", "godwit", "postfix", "exim", "opensmtpd", "haraka", "cluster"],
  });
  expect(benchArguments(["--matrix", "quick"])).toMatchObject({ matrix: "quick", runs: 1 });
  expect(benchArguments("--matrix quick --runs 2 --only exim".split(" "))).toMatchObject({
    runs: 2,
    only: ["exim"],
  });
});

test("a soak is of Godwit, by itself, for five minutes, with many destinations", () => {
  const usual = { measuresThroughput: false, only: ["godwit"], domains: 200 } as const;
  expect(benchArguments(["--soak"])).toMatchObject({ ...usual, soakMinutes: 5 });
  const words = "--soak --minutes 120 --domains 3 --only cluster";
  expect(benchArguments(words.split(" "))).toMatchObject({
    soakMinutes: 120,
    domains: 3,
    only: ["cluster"],
  });
});

test("another server takes part when it is given, and has a ratio when it is said to sync", () => {
  const { external, only } = benchArguments(["--external", "exec mta"]);
  expect(external).toEqual({ command: "exec mta", durability: "unknown" });
  expect(only).toContain("external");
  const synced = benchArguments(["--external", "exec mta", "--external-syncs"]);
  expect(synced.external).toEqual({ command: "exec mta", durability: "synced" });
});

test("what takes a process for each session, or minutes for each message, is not asked to wait", () => {
  for (const words of [
    ["--idle", "300"],
    ["--deferred", "1000"],
  ]) {
    expect(benchArguments(words).only).toEqual(["ceiling", "godwit", "postfix"]);
  }
});
