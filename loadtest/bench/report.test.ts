import { describe, expect, test } from "bun:test";
import { type Results, reportText } from "./report.ts";
import type { Throughput } from "./throughput.ts";

const none: Results = {
  machine: {
    cpu: "Abacus",
    cores: 2,
    memoryGiB: 24,
    kernel: "6.1",
    bun: "1.4.5",
    fileSystem: "ext4",
    fsyncMs: 0.3,
    openFilesMax: 20_000,
  },
  throughput: {},
  lone: {},
  idle: {},
  deferred: {},
  growth: undefined,
  limits: undefined,
  scaling: undefined,
};

function throughputOf(acceptedPerSecond: number): Throughput {
  return {
    acceptedPerSecond,
    throughPerSecond: acceptedPerSecond / 2,
    p50Ms: 1,
    p99Ms: 2,
    p999Ms: 3,
    cpuPerThousandSeconds: 0.1,
    rssBytes: 2 ** 20 * 100,
    anonymousBytes: 2 ** 20 * 50,
    processes: 1,
    extraCopies: 0,
    roles: [{ role: "it", cpuPerThousandSeconds: 0.1, rssBytes: 2 ** 20 * 100, processes: 1 }],
    storeWrites: undefined,
    othersCores: 0,
  };
}

describe("reportText()", () => {
  test("has medians, their spread, and ratios to Postfix", () => {
    const text = reportText({
      ...none,
      throughput: {
        godwit: [5_000, 6_000, 9_000].map(throughputOf),
        postfix: [1_000, 1_000, 1_000].map(throughputOf),
      },
    });
    expect(text).toMatch(/godwit +3 +6000 \(5000–9000\) +6\.00 +3000 \(2500–4500\) +6\.00/);
    expect(text).toMatch(/postfix +3 +1000 \(1000–1000\) +1\.00/);
  });

  test("has no ratio without Postfix", () => {
    const text = reportText({ ...none, throughput: { godwit: [throughputOf(5_000)] } });
    expect(text).toMatch(/godwit +1 +5000 +2500 +1\.00 /);
  });

  test("says that memory is no disk", () => {
    const machine = { ...none.machine, fileSystem: "tmpfs" };
    expect(reportText({ ...none, machine })).toContain("NOT durable");
    expect(reportText(none)).not.toContain("NOT durable");
  });
});
