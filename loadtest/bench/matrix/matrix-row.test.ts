import { describe, expect, test } from "bun:test";
import { matrixRows, quick, rowName, takesPart } from "./matrix-row.ts";

test("the rows have every size, every number of sessions and destinations, and STARTTLS", () => {
  const all = (pick: (row: (typeof matrixRows)[number]) => unknown) =>
    new Set(matrixRows.map(pick));
  expect(all((row) => row.sizeBytes)).toEqual(new Set([1_024, 4_096, 51_200, 2 ** 20]));
  expect(all((row) => row.sessions)).toEqual(new Set([1, 20, 200]));
  expect(all((row) => row.domains)).toEqual(new Set([1, 10_000]));
  expect(all((row) => row.tls)).toEqual(new Set(["none", "starttls"]));
  expect(new Set(matrixRows.map(rowName)).size).toBe(matrixRows.length);
});

test("quick() has whole messages", () => {
  for (const row of matrixRows) expect(Number.isInteger(quick(row).messages)).toBe(true);
});

const row = { sizeBytes: 2 ** 20, sessions: 1, domains: 10_000, tls: "starttls", messages: 1 };

test("rowName() tells all of it", () => {
  const named = { ...row, tls: "starttls" } as const;
  expect(rowName(named)).toBe("1 MiB, 1 session, 10,000 destinations, STARTTLS");
  expect(rowName({ ...named, sizeBytes: 51_200, sessions: 20, domains: 1, tls: "none" })).toBe(
    "50 KiB, 20 sessions, 1 destination",
  );
});

describe("takesPart()", () => {
  const usual = { ...row, domains: 1, tls: "none" } as const;

  test.each(["ceiling", "opensmtpd"])("%s has no STARTTLS", (name) => {
    expect(takesPart(name, usual)).toBe(true);
    expect(takesPart(name, { ...usual, tls: "starttls" })).toBe(false);
  });

  test("a cluster has many destinations", () => {
    expect(takesPart("cluster", usual)).toBe(false);
    expect(takesPart("cluster", { ...usual, domains: 2 })).toBe(true);
    expect(takesPart("godwit", usual)).toBe(true);
  });
});
