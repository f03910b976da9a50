import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { deviceName, diskCounts, parseDiskStat } from "./disk.ts";

test.each([
  [65_024, "254:0"],
  [0xfe01, "254:1"],
  [0x10_08_05, "8:261"],
])("deviceName(%d) is %s", (dev, name) => {
  expect(deviceName(dev)).toBe(name);
});

describe("parseDiskStat()", () => {
  const old = "1586027 64597 40405082 1369941 1000 20190785 4096 39854679 1 88399 4876";

  test("has octets and flushes", () => {
    expect(parseDiskStat(`  ${old} 3385657 5629 679335224 1348956 21111 6186\n`)).toEqual({
      writtenBytes: 4_096 * 512,
      flushes: 21_111,
    });
  });

  test("knows nothing where flushes are not counted", () => {
    expect(parseDiskStat(old)).toBeUndefined();
  });
});

test("diskCounts() of no disk is not known", () => {
  expect(diskCounts("/proc")).toBeUndefined();
  expect(() => diskCounts(tmpdir())).not.toThrow();
});
