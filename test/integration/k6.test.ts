/** k6 against Godwit by HTTP: thresholds hold and are broken, and no message with a 202 is lost. */
import { beforeAll, describe, expect, test } from "bun:test";
import { k6Arguments } from "../../loadtest/k6/run/arguments.ts";
import { OwnGodwit } from "../../loadtest/k6/run/own-godwit.ts";
import { type RunResult, runLoad } from "../../loadtest/k6/run/run.ts";
import { titled } from "../support/servers/titled.ts";
import { k6Binary, k6Missing } from "../support/servers/toolchain/k6-binary.ts";

const missing = k6Missing();
const fetchMaxMs = 300_000;
const thresholdCrossed = 99;

describe.skipIf(missing !== undefined)(titled("load over HTTP", missing), () => {
  let binary: string;
  beforeAll(async () => {
    binary = await k6Binary();
  }, fetchMaxMs);

  function load(words: string, environment: Readonly<Record<string, string>> = {}) {
    const asked = k6Arguments(words.split(" "), environment);
    return runLoad(asked, { binary, output: "pipe" });
  }

  /** On a machine with much else to do it may be slow; that is told apart from what is lost. */
  const patient = "--p95 5000 --p99 10000";

  function expectKept({ code, promised, counted, verdict, told }: RunResult): void {
    expect([code, verdict.isGood, verdict.text], told).toEqual([0, true, expect.any(String)]);
    expect(counted).toBeGreaterThan(0);
    expect(promised.total).toBe(counted);
  }

  test("a ramp keeps its thresholds, and each message with a 202 arrives once", async () => {
    expectKept(await load(`ramp --vus 4 --duration 20s ${patient}`));
  });

  test("so do messages from a template to several, repeats, and operators' reads", async () => {
    const result = await load(
      `mixed --vus 3 --duration 5s --recipients 3 --form personal ${patient}`,
    );
    expectKept(result);
    expect(result.promised.total).toBe(result.promised.distinct * 3);
    expect(result.told).toContain("control_answered_after");
  });

  test("a spike of raw messages arrives intact", async () => {
    const result = await load(`spike --vus 8 --duration 5s --form raw ${patient}`);
    expectKept(result);
    expect(result.verdict.text).toMatch(/^damaged +0$/m);
  });

  test("a threshold that is crossed fails the run", async () => {
    await using godwit = await OwnGodwit.start("nothing");
    const environment = { ...godwit.environment, LOAD_TOKEN: "gdw_nobody" };
    const result = await load("ramp --vus 1 --duration 1s", environment);
    expect([result.code, result.counted, result.promised.total]).toEqual([thresholdCrossed, 0, 0]);
    expect(result.told).toMatch(/submissions_failed/);
    expect(godwit.sink.counts.messages).toBe(0);
  });
});
