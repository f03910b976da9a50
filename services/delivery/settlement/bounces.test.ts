import { describe, expect, test } from "bun:test";
import type { Unit } from "#lib/queue/unit";
import { unitOf } from "../../../test/support/queued.ts";
import { path } from "../../../test/support/records.ts";
import { bounceOf } from "./bounces.ts";
import type { FailedRecipient } from "./plan.ts";

const recipient = { path: path("b@example.com"), orcpt: "rfc822;b@example.com" };

function failed(kind: FailedRecipient["kind"], last: Partial<FailedRecipient["last"]>) {
  return {
    recipient,
    kind,
    last: { status: "5.1.1", text: "No such user", at: 7, ...last },
  } as const;
}

function recorded(of: FailedRecipient, unit: Partial<Unit> = {}) {
  return bounceOf(unitOf(unit), of, { attempt: 3, report: { source: "s1" } });
}

describe("the record of a bounce", () => {
  test("has what is known of the unit, the recipient and the reply", () => {
    const unit = unitOf({ tenant: "acme", campaign: "spring" });
    const of = failed("failed", { code: 550, remote: "mx.example" });
    expect(bounceOf(unit, of, { attempt: 3, report: { source: "s1" } })).toEqual({
      uid: unit.uid,
      kind: "failed",
      at: 7,
      recipient,
      reversePath: unit.envelope.reversePath,
      destination: unit.destination,
      tenant: "acme",
      campaign: "spring",
      class: "bad-mailbox",
      rule: "status 5.1.1",
      status: "5.1.1",
      code: 550,
      text: "No such user",
      remote: "mx.example",
      source: "s1",
      attempt: 3,
    });
  });

  test("knows providers by the host that answered", () => {
    const text = "Recipient address rejected: Access denied";
    const remote = "a-example.mail.protection.outlook.com";
    const of = (given: object) => recorded(failed("failed", { status: "5.4.1", text, ...given }));
    expect(of({ remote })).toMatchObject({ class: "bad-mailbox", rule: "microsoft-no-recipient" });
    expect(of({})).toMatchObject({ class: "bad-mailbox", rule: "no-mailbox" });
  });

  test.each(["expired", "suppressed"] as const)(
    "%s is its own class, whatever was said",
    (kind) => {
      const of = failed(kind, { text: "given up; the last failure was: mailbox full" });
      expect(recorded(of)).toMatchObject({ kind, class: kind, rule: "kind" });
      const hasSource = "source" in recorded(of);
      expect(hasSource).toBe(kind === "expired");
    },
  );

  test("has a line of text, however much was said", () => {
    const { text } = recorded(
      failed("failed", { text: `\u001b[2J\r\n${"no ".repeat(4_000_000)}` }),
    );
    expect(text).toStartWith("[2J no no");
    expect(text.length).toBeLessThanOrEqual(1_024);
  });
});
