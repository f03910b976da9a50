import { describe, expect, test } from "bun:test";
import type { RecipientResult } from "#lib/smtp/client/step";
import { type Reply, reply } from "#lib/smtp/reply";
import { recipientOutcome, sessionOutcome } from "./recipient-outcome.ts";

const hop = { dsnOffered: false };
const said = (stage: RecipientResult["stage"], r: Reply): RecipientResult => ({
  stage,
  reply: r,
  isInDoubt: false,
});

describe("recipientOutcome()", () => {
  test.each([
    ["250 to the dot", said("dot", reply(250, "2.0.0", "ok")), "delivered", undefined],
    ["450 to RCPT", said("rcpt", reply(450, "4.2.1", "busy")), "transient", "recipient"],
    ["451 to MAIL", said("mail", reply(451, "4.3.0", "no")), "transient", "transaction"],
    ["421 to RCPT", said("rcpt", reply(421, "4.3.2", "bye")), "transient", "host"],
    ["550 to RCPT", said("rcpt", reply(550, "5.1.1", "who?")), "permanent", "recipient"],
    ["554 to the dot", said("dot", reply(554, "5.6.0", "spam")), "permanent", "transaction"],
    ["552 to the dot", said("dot", reply(552, "5.3.4", "big")), "permanent", "transaction"],
    ["552 to RCPT", said("rcpt", reply(552, undefined, "many")), "transient", "recipient"],
    ["552 5.2.2 to RCPT", said("rcpt", reply(552, "5.2.2", "full")), "permanent", "recipient"],
    ["503 to DATA", said("data", reply(503, "5.5.1", "order")), "transient", "transaction"],
  ])("%s", (_, result, kind, scope) => {
    const outcome = recipientOutcome(result, hop);
    expect(outcome.kind).toBe(kind as never);
    expect("scope" in outcome ? outcome.scope : undefined).toBe(scope as never);
  });

  test("a connection lost before the dot is the host's fault", () => {
    const outcome = recipientOutcome({ stage: "mail", reason: "reset", isInDoubt: false }, hop);
    expect(outcome).toMatchObject({ kind: "transient", scope: "host", reason: "reset" });
  });

  test("a connection lost after the dot is nobody's fault: no other host may get it now", () => {
    const outcome = recipientOutcome({ stage: "dot", reason: "reset", isInDoubt: true }, hop);
    expect(outcome).toMatchObject({ kind: "transient", scope: "transaction" });
  });

  test("what we refuse to send is permanent", () => {
    const refused = { stage: "local", localStatus: "5.6.7", isInDoubt: false } as const;
    expect(recipientOutcome(refused, hop)).toMatchObject({ kind: "permanent", status: "5.6.7" });
  });
});

describe("sessionOutcome()", () => {
  test("a 554 greeting is transient: another host, or later", () => {
    const failure = { stage: "greeting", reason: "no", reply: reply(554, "5.3.2", "no") } as const;
    expect(sessionOutcome(failure)).toMatchObject({ kind: "transient", scope: "host" });
  });

  test.each([
    ["could not be made", "connect", "4.4.1"],
    ["broke before the greeting", "greeting", "4.4.2"],
    ["broke behind EHLO", "ehlo", "4.4.2"],
    ["could not be encrypted", "starttls", "4.7.5"],
  ] as const)("a connection that %s (RFC 3463 §3.5)", (_, stage, status) => {
    const reason = "cannot connect to 192.0.2.1 port 25: connection refused";
    const outcome = { kind: "transient", scope: "host", status, reason } as const;
    expect(sessionOutcome({ stage, reason })).toEqual(outcome);
  });
});
