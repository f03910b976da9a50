import { expect, test } from "bun:test";
import { durationMs, runName, settingsOf } from "./settings.ts";

const least = { LOAD_TARGET: "http://127.0.0.1:8080/", LOAD_TOKEN: "t" };

test("a target and its token are enough", () => {
  expect(settingsOf(least)).toEqual({
    ...{ target: "http://127.0.0.1:8080", token: "t", control: undefined },
    ...{ vus: 10, rate: 50, durationMs: 60_000, recipients: 1, sizeBytes: 4_096 },
    ...{ domain: "sink.example", form: "to", p95Ms: 250, p99Ms: 1_000 },
  });
});

test("the control API is asked by whoever has its token", () => {
  const with2 = { ...least, LOAD_CONTROL: "http://127.0.0.1:8025", LOAD_CONTROL_TOKEN: "c" };
  expect(settingsOf(with2).control).toEqual({ url: "http://127.0.0.1:8025", token: "c" });
  expect(() => settingsOf({ ...with2, LOAD_CONTROL_TOKEN: "" })).toThrow("LOAD_CONTROL_TOKEN");
});

test.each([
  [{ LOAD_TOKEN: "t" }, "LOAD_TARGET is missing"],
  [{ LOAD_TARGET: "http://a" }, "LOAD_TOKEN is missing"],
  [{ ...least, LOAD_VUS: "many" }, 'LOAD_VUS is "many"'],
  [{ ...least, LOAD_P99: "0" }, 'LOAD_P99 is "0"'],
  [{ ...least, LOAD_FORM: "mime" }, 'LOAD_FORM is "mime", which is none of to,personal,raw'],
  [{ ...least, LOAD_DURATION: "90" }, '"90" is no duration'],
])("%p is told what is wrong", (environment, told) => {
  expect(() => settingsOf(environment)).toThrow(told);
});

test("durations are of seconds, minutes or hours", () => {
  expect(["20s", "5m", "1h"].map(durationMs)).toEqual([20_000, 300_000, 3_600_000]);
});

test("a run has a name that an id may have, whatever its pod is called", () => {
  expect(runName({}, 1_795_000_000_000)).toMatch(/^[0-9a-z]{1,32}$/);
  expect(runName({ LOAD_RUN: "Godwit-k6-x7K2p" }, 0)).toBe("godwitk6x7k2p");
  expect(runName({ LOAD_RUN: "a".repeat(40) }, 0)).toHaveLength(32);
});
