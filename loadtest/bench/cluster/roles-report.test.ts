import { expect, test } from "bun:test";
import type { Throughput } from "../throughput.ts";
import { rolesText } from "./roles-report.ts";

const mib = 2 ** 20;

function run(edge: number, storeWrites?: Readonly<Record<string, number>>): Throughput {
  const kept = { writtenBytesPerMessage: 5_120 };
  const roles = [
    { role: "edge", cpuPerThousandSeconds: edge, ...kept, rssBytes: 100 * mib, processes: 1 },
    { role: "NATS", cpuPerThousandSeconds: 0.5, ...kept, rssBytes: 300 * mib, processes: 3 },
  ];
  return {
    acceptedPerSecond: 1,
    throughPerSecond: 1,
    p50Ms: 1,
    p99Ms: 1,
    p999Ms: 1,
    cpuPerThousandSeconds: 1,
    rssBytes: 1,
    anonymousBytes: 1,
    processes: 4,
    extraCopies: 0,
    writtenBytesPerMessage: 1,
    disk: undefined,
    roles,
    storeWrites,
    othersCores: 0,
  };
}

test("rolesText() has the median of each role, and what each run wrote", () => {
  const runs = [run(0.1, {}), run(0.3, { shard_cursor: 2 }), run(0.2, { unit: 1 })];
  const text = rolesText({ cluster: runs });
  expect(text).toMatch(/^edge +0\.200 +5\.0 +100 +1$/m);
  expect(text).toMatch(/^NATS +0\.500 +5\.0 +300 +3$/m);
  expect(text).toContain("0 of messages, 0 of cursors\n");
  expect(text).toContain("0 of messages, 2 of cursors (shard_cursor 2)\n");
  expect(text).toContain("1 of messages, 0 of cursors (unit 1)\n");
});

test("rolesText() is nothing for a server of one role", () => {
  const [only] = run(0.1).roles;
  expect(rolesText({ godwit: [{ ...run(0.1), roles: only === undefined ? [] : [only] }] })).toBe(
    "",
  );
});
