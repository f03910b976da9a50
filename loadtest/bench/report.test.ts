import { describe, expect, test } from "bun:test";
import { type Results, reportMarkdown, reportText } from "./report.ts";
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
  facts: {
    godwit: { durability: "synced", version: "0.1.0" },
    postfix: { durability: "synced", version: "3.7" },
    opensmtpd: { durability: "none", version: "6.8" },
  },
  throughput: {},
  failures: {},
  matrix: [],
  syncs: {},
  soak: {},
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
    roles: [],
    writtenBytesPerMessage: 6_144,
    disk: { writtenBytesPerMessage: 10_240, flushesPerMessage: 0.25 },
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
    const ratios = String.raw`6\.00 \(5\.00–9\.00\)`;
    expect(text).toMatch(
      new RegExp(
        String.raw`godwit +3 +6000 \(5000–9000\) +${ratios} +3000 \(2500–4500\) +${ratios}`,
      ),
    );
    expect(text).toMatch(/postfix +3 +1000 \(1000–1000\) +1\.00/);
    expect(text).toMatch(/ 6\.0 +10\.0 +0\.25 +0\.00 +0$/m);
  });

  test("has no ratio for who does not sync, and says why", () => {
    const throughput = { opensmtpd: [throughputOf(9_000)], postfix: [throughputOf(1_000)] };
    const text = reportText({ ...none, throughput });
    expect(text).toMatch(/opensmtpd +1 +9000 +4500 +1\.00 /);
    expect(text).toContain("opensmtpd 6.8: nothing is synced before its 250");
  });

  test("says what is not known of the disk, and who did not come to the end", () => {
    const godwit = [{ ...throughputOf(5_000), disk: undefined }];
    const text = reportText({ ...none, throughput: { godwit }, failures: { exim: "it is full" } });
    expect(text).toMatch(/ 6\.0 +\? +\? +0\.00 +0$/m);
    expect(text).toContain("exim did not come to the end: it is full");
  });

  test("has what syncs a message", () => {
    const text = reportText({ ...none, syncs: { exim: { fsync: 4 }, opensmtpd: {} } });
    expect(text).toMatch(/^exim +4\.00 fsync$/m);
    expect(text).toMatch(/^opensmtpd +none$/m);
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

describe("reportMarkdown()", () => {
  test("has the tables as a document's, and the rest as it is on a terminal", () => {
    const runs = { godwit: [throughputOf(5_000)], postfix: [throughputOf(1_000)] };
    const usual = { sizeBytes: 4_096, sessions: 20, domains: 1, tls: "none", messages: 1 } as const;
    const text = reportMarkdown({
      ...none,
      throughput: runs,
      matrix: [{ row: usual, throughput: runs, failures: { exim: "it is full" } }],
      syncs: { exim: { fsync: 4 } },
    });
    expect(text).toContain("- postfix 3.7\n");
    expect(text).toContain("| godwit | 1 | 5000 | 5.00 | 2500 | 5.00 | 1.00 |");
    expect(text).toContain("## 4 KiB, 20 sessions, 1 destination\n");
    expect(text).toContain("exim did not come to the end: it is full");
    expect(text).toContain(
      "| through/s, × postfix | godwit |\n|---|---|\n| 4 KiB, 20 sessions, 1 destination | 5.00 |",
    );
    expect(text).toMatch(/```\nsystem calls.*\nexim +4\.00 fsync\n```/);
  });
});
