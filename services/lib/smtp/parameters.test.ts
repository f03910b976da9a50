import { describe, expect, test } from "bun:test";
import { parseMailParameters, parseRecipientParameters } from "./parameters.ts";

describe("parseMailParameters()", () => {
  const good: [string, object][] = [
    ["", {}],
    [" ", {}],
    [" SIZE=0", { size: 0 }],
    [" size=1000000  BODY=8BITMIME", { size: 1_000_000, body: "8bitmime" }],
    [" BODY=7bit", { body: "7bit" }],
    [" SMTPUTF8", { smtpUtf8: true }],
    [" RET=FULL ENVID=QQ314159", { ret: "full", envid: "QQ314159" }],
    [" RET=hdrs", { ret: "headers" }],
    [" ENVID=a+2Bb", { envid: "a+2Bb" }],
    [" AUTH=<>", { auth: "<>" }],
    [" AUTH=joe+40a.example", { auth: "joe+40a.example" }],
  ];
  test.each(good)("reads %p", (text, parameters) => {
    const expected = { body: "7bit", smtpUtf8: false, ...parameters };
    expect(parseMailParameters(text)).toEqual({ ok: true, parameters: expected } as never);
  });

  const bad: [string, "unknown" | "bad"][] = [
    ["SIZE=1", "bad"],
    [" SIZE", "bad"],
    [" SIZE=", "bad"],
    [" SIZE=-1", "bad"],
    [" SIZE=1e3", "bad"],
    [" SIZE=123456789012345678901", "bad"],
    [" SIZE=1 SIZE=1", "bad"],
    [" BODY=BINARYMIME", "bad"],
    [" BODY", "bad"],
    [" SMTPUTF8=yes", "bad"],
    [" RET=ALL", "bad"],
    [" ENVID=a=b", "bad"],
    [" ENVID=a+2b", "bad"],
    [` ENVID=${"x".repeat(101)}`, "bad"],
    [" XFOO=1", "unknown"],
    [" NOTIFY=NEVER", "unknown"],
    [" constructor=1", "unknown"],
    [" =", "unknown"],
  ];
  test.each(bad)("refuses %p as %s", (text, fault) => {
    expect(parseMailParameters(text)).toMatchObject({ ok: false, fault });
  });
});

describe("parseMailParameters() where FUTURERELEASE is offered", () => {
  const now = Date.UTC(2026, 10, 29);
  const release = { now, msMax: 86_400_000 };

  test.each([
    [" HOLDFOR=60", now + 60_000],
    [" holdfor=60 SIZE=1", now + 60_000],
    [" HOLDUNTIL=2026-11-29T00:01:00Z", now + 60_000],
    [" HOLDUNTIL=2026-11-28T00:00:00Z", now - 86_400_000],
  ])("reads %p", (text, notBefore) => {
    expect(parseMailParameters(text, release)).toMatchObject({
      ok: true,
      parameters: { notBefore },
    });
  });

  test.each([
    " HOLDFOR",
    " HOLDFOR=",
    " HOLDFOR=86401",
    " HOLDUNTIL=2026-11-30T00:00:01Z",
    " HOLDFOR=60 HOLDFOR=60",
    " HOLDFOR=60 HOLDUNTIL=2026-11-29T00:01:00Z",
    " HOLDUNTIL=2026-11-29T00:01:00Z HOLDFOR=60",
  ])("refuses %p", (text) => {
    expect(parseMailParameters(text, release)).toMatchObject({ ok: false, fault: "bad" });
  });

  test.each([" HOLDFOR=60", " HOLDUNTIL=2026-11-29T00:01:00Z"])("else does not know %p", (text) => {
    expect(parseMailParameters(text)).toMatchObject({ ok: false, fault: "unknown" });
  });
});

describe("parseRecipientParameters()", () => {
  const good: [string, object][] = [
    ["", {}],
    [" NOTIFY=NEVER", { notify: ["never"] }],
    [" notify=Success,FAILURE,delay", { notify: ["success", "failure", "delay"] }],
    [" ORCPT=rfc822;joe+40a.example", { orcpt: "rfc822;joe+40a.example" }],
    [
      " ORCPT=rfc822;joe@a.example NOTIFY=DELAY",
      { orcpt: "rfc822;joe@a.example", notify: ["delay"] },
    ],
    [" ORCPT=utf-8;jörg@a.example", { orcpt: "utf-8;jörg@a.example" }],
  ];
  test.each(good)("reads %p", (text, parameters) => {
    expect(parseRecipientParameters(text)).toEqual({ ok: true, parameters } as never);
  });

  const bad: [string, "unknown" | "bad"][] = [
    [" NOTIFY=", "bad"],
    [" NOTIFY", "bad"],
    [" NOTIFY=NEVER,DELAY", "bad"],
    [" NOTIFY=ALWAYS", "bad"],
    [" ORCPT=joe@a.example", "bad"],
    [" ORCPT=;joe", "bad"],
    [" ORCPT=rfc822;", "bad"],
    [" ORCPT=rfc822;jörg@a.example", "bad"],
    [` ORCPT=rfc822;${"x".repeat(500)}`, "bad"],
    [" SIZE=1", "unknown"],
  ];
  test.each(bad)("refuses %p as %s", (text, fault) => {
    expect(parseRecipientParameters(text)).toMatchObject({ ok: false, fault });
  });
});
