import { expect, test } from "bun:test";
import type { Outcome } from "#lib/queue/outcome";
import { unitOf } from "../../../test/support/queued.ts";
import { path } from "../../../test/support/records.ts";
import { isUntried, untried, withoutSuppressed, withSuppressed } from "./suppressed-report.ts";

const unit = unitOf({
  recipients: ["a", "b", "c", "d"].map((name) => ({ path: path(`${name}@example.com`) })),
});
const transient = (reason: string): Outcome => ({
  kind: "transient",
  scope: "recipient",
  status: "4.2.1",
  reason,
});
const suppressed = new Map([
  [0, "is suppressed"],
  [2, "is suppressed, too"],
]);

test("only the others are tried", () => {
  const paths = withoutSuppressed(unit, suppressed).recipients.map((it) => String(it.path));
  expect(paths).toEqual(["b@example.com", "d@example.com"]);
});

test("every recipient has its own outcome again", () => {
  const tried = { ...untried, outcomes: [transient("b"), transient("d")], inDoubt: 1 };
  const report = withSuppressed(unit, tried, suppressed);
  expect(report.inDoubt).toBe(1);
  expect(isUntried(report)).toBe(false);
  expect(report.outcomes.map(({ kind }) => kind)).toEqual([
    "permanent",
    "transient",
    "permanent",
    "transient",
  ]);
  expect(report.outcomes[1]).toMatchObject({ reason: "b" });
  expect(report.outcomes[2]).toEqual({
    kind: "permanent",
    scope: "recipient",
    status: "5.7.1",
    reason: "is suppressed, too",
    isSuppressed: true,
  });
  expect(report.outcomes[3]).toMatchObject({ reason: "d" });
});

test("nobody need be left", () => {
  const all = new Map(unit.recipients.map((_, index) => [index, "is suppressed"]));
  expect(withoutSuppressed(unit, all).recipients).toEqual([]);
  const report = withSuppressed(unit, untried, all);
  expect(report.outcomes).toHaveLength(4);
  expect(isUntried(report)).toBe(true);
});
