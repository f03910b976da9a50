import { expect, test } from "bun:test";
import { PrometheusMetrics } from "#lib/telemetry/metrics";
import { measureOf } from "../../../test/support/automation/rules.ts";
import { observeMeasures } from "./measure-telemetry.ts";

test("what is in force is told by what it does, with nought where there is none", async () => {
  const metrics = new PrometheusMetrics();
  const all = [measureOf(), measureOf(), measureOf({ effect: { kind: "fail" } })];
  observeMeasures(metrics, () => ({ all }));
  const lines = (await metrics.render()).split("\n");
  const told = lines.filter((line) => line.startsWith("godwit_shaping_measures{"));
  expect(told.map((line) => /effect="(\w+)".* (\d+)$/.exec(line)?.slice(1))).toEqual([
    ["hold", "2"],
    ["limit", "0"],
    ["skipHost", "0"],
    ["changeSource", "0"],
    ["fail", "1"],
  ]);
});
