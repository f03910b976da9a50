import { beforeEach, describe, expect, test } from "bun:test";
import type { MeasureEffect } from "#lib/automation/measure";
import { rateOf } from "#lib/limits/rate";
import { measureOf } from "../../../test/support/automation/rules.ts";
import { OperatorBench } from "../../../test/support/cli/operator-bench.ts";
import { effectText, scopeText } from "./measure-commands.ts";

let bench: OperatorBench;

beforeEach(() => {
  bench = new OperatorBench();
});

describe("godwit shaping active", () => {
  test("lists what rules have set, for whom, until when and why", async () => {
    await bench.store.putMeasure(measureOf({ sample: "421 slow\u001b[2J down" }));
    const { code, out } = await bench.run("shaping", "active");
    expect(code).toBe(0);
    const [heading, row] = out.split("\n");
    expect(heading).toMatch(/^ID +RULE +FOR +ACTION +SINCE \(UTC\) +ENDS +REPLIES +LAST REPLY$/);
    expect(row).toMatch(
      /^0123456789ab +slow-down +provider google, source ip1 +hold +2026-11-18 11:06:40 +in 1h +3 +421 slow \[2J down$/,
    );
  });

  test("has it all as JSON", async () => {
    await bench.store.putMeasure(measureOf());
    const { out } = await bench.run("shaping", "active", "--json");
    expect(JSON.parse(out)).toEqual({ measures: [measureOf()] });
  });

  test("says that there is nothing", async () => {
    expect(await bench.run("shaping", "active")).toEqual({
      code: 0,
      out: "",
      err: "No rule has set anything now.\n",
    });
  });
});

describe("godwit shaping cancel", () => {
  beforeEach(async () => {
    for (const id of ["a", "b", "c"]) await bench.store.putMeasure(measureOf({ id }));
  });

  test("ends one", async () => {
    expect(await bench.run("shaping", "cancel", "b")).toMatchObject({
      code: 0,
      out: "1 measure is cancelled\n",
    });
    expect((await bench.store.measures()).map(({ id }) => id)).toEqual(["a", "c"]);
  });

  test("ends all", async () => {
    const { out } = await bench.run("shaping", "cancel", "--all", "--json");
    expect(JSON.parse(out)).toEqual({ cancelled: ["a", "b", "c"] });
    expect(await bench.store.measures()).toEqual([]);
  });

  test.each([[[]], [["a", "--all"]]])("asks what is meant: %p", async (args) => {
    const { code, err } = await bench.run("shaping", "cancel", ...args);
    expect(code).toBe(2);
    expect(err).toContain("Give an id of `godwit shaping active`, or --all");
  });

  test("says that there is no such one", async () => {
    const { code, err } = await bench.run("shaping", "cancel", "x");
    expect([code, err.includes("no measure x is in force")]).toEqual([1, true]);
  });
});

test.each<[MeasureEffect, string]>([
  [{ kind: "hold" }, "hold"],
  [{ kind: "changeSource" }, "change source"],
  [{ kind: "skipHost", host: "mx1.example" }, "skip mx1.example"],
  [{ kind: "fail" }, "fail"],
  [{ kind: "limit", limit: { kind: "connections", max: 2 } }, "connections 2"],
  [{ kind: "limit", limit: { kind: "messages", rate: rateOf(10, 60_000) } }, "messages 10/min"],
  [{ kind: "limit", limit: { kind: "bytes", rate: rateOf(2_097_152, 1_000) } }, "bytes 2MiB/s"],
])("%p is %s", (effect, text) => {
  expect(effectText(effect)).toBe(text);
});

test("a scope without values is everybody", () => {
  expect(scopeText({})).toBe("all");
});
