import { describe, expect, test } from "bun:test";
import { path, uid } from "../../../test/support/records.ts";
import { type Bounced, type SuppressionRule, suppressionsAfter } from "./suppression-rule.ts";

const rule: SuppressionRule = {
  classes: ["bad-mailbox", "inactive-mailbox"],
  forMs: 1_000,
  scope: "tenant",
};
const bounced: Bounced = {
  uid: uid("01JDF8Z5T0ABCDEFGHJKMNPQRS.0"),
  at: 500,
  kind: "failed",
  recipient: { path: path("Joe@example.com"), notify: ["never"] },
  tenant: "acme",
  class: "bad-mailbox",
  text: "5.1.1 no such user",
};

describe("suppressionsAfter()", () => {
  test("keeps the tenant's mail from a mailbox that was refused", () => {
    expect(suppressionsAfter([bounced], rule)).toEqual([
      {
        key: expect.stringMatching(/^joe@example\.com$/),
        tenant: "acme",
        reason: "bad-mailbox",
        note: "5.1.1 no such user",
        uid: bounced.uid,
        at: 500,
        expiresAt: 1_500,
      },
    ]);
  });

  test("keeps everybody's mail from it when it is told so, or when nobody's mail it was", () => {
    const { tenant: _, ...nobodys } = bounced;
    expect(suppressionsAfter([bounced], { ...rule, scope: "global" })[0]).not.toHaveProperty(
      "tenant",
    );
    expect(suppressionsAfter([nobodys], rule)[0]).not.toHaveProperty("tenant");
  });

  test.each([
    ["another class", { class: "quota" }],
    ["one that was only given up", { kind: "expired" }],
    ["one that was kept back already", { kind: "suppressed" }],
  ])("does nothing after %s", (_, other) => {
    expect(suppressionsAfter([{ ...bounced, ...other }], rule)).toEqual([]);
  });

  test("does nothing without classes", () => {
    expect(suppressionsAfter([bounced], { ...rule, classes: [] })).toEqual([]);
  });

  test("keeps the beginning of a long reply", () => {
    const [entry] = suppressionsAfter([{ ...bounced, text: "x".repeat(9_999) }], rule);
    expect(entry?.note).toHaveLength(500);
  });
});
