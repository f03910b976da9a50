import { expect, test } from "bun:test";
import { axesOf, loadOf } from "./axes.ts";

const given = { messages: 20_000, sessions: 20, domains: 1, shards: 16 };

test("the steps that are asked for replace the usual ones", () => {
  expect(axesOf(["depth"], [0, 5_000_000])).toEqual([{ name: "depth", steps: [0, 5_000_000] }]);
  expect(axesOf(["workers"], [])).toEqual([{ name: "workers", steps: [1, 2, 4, 8] }]);
});

test("each destination and each session has mail", () => {
  expect(loadOf("destinations", 100_000, given)).toMatchObject({
    domains: 100_000,
    messages: 100_000,
    sessions: 20,
  });
  expect(loadOf("destinations", 100, given).messages).toBe(20_000);
  expect(loadOf("sessions", 10_000, given)).toMatchObject({ sessions: 10_000, messages: 40_000 });
});

test("shards and workers are of a cluster, with mail for all of them", () => {
  expect(loadOf("workers", 8, given)).toEqual({
    messages: 20_000,
    sessions: 100,
    domains: 400,
    shards: 16,
    workers: 8,
    waiting: 0,
    isCluster: true,
  });
  expect(loadOf("shards", 64, given)).toMatchObject({ shards: 64, workers: 1, isCluster: true });
  expect(loadOf("depth", 10_000, given)).toMatchObject({ waiting: 10_000, isCluster: false });
});
