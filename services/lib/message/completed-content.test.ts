import { describe, expect, test } from "bun:test";
import { completedContent } from "./completed-content.ts";
import { summarizeHeader } from "./header-section.ts";
import { receivedField, type TraceStamp } from "./trace-field.ts";

const stamp: TraceStamp = {
  helo: "client.example",
  clientAddress: "192.0.2.1",
  hostname: "mta1.example.net",
  protocol: { isExtended: true, isTls: false, isAuthenticated: false, isSmtpUtf8: false },
  queueId: "01JDEXAMPLE",
  at: 1_795_530_657_000,
};
const trace = receivedField(stamp);
const date = "Date: Tue, 24 Nov 2026 14:30:57 +0000\r\n";
const id = "Message-ID: <01JDEXAMPLE@mta1.example.net>\r\n";

function completed(text: string, isSubmission: boolean, by: TraceStamp = stamp): string {
  const content = new TextEncoder().encode(text);
  const summary = summarizeHeader(content);
  const bytes = completedContent({
    content,
    summary,
    stamp: by,
    isSubmission,
    removed: isSubmission ? summary.controlFields : [],
  });
  return new TextDecoder().decode(bytes);
}

describe("completedContent()", () => {
  test.each([
    ["a relayed message gets the trace field only", false, "From: a\r\n\r\nx", ""],
    ["a submission gets what it lacks", true, "From: a\r\n\r\nx", date + id],
    ["a submission keeps its Date", true, "date: d\r\n\r\nx", id],
    ["a submission keeps its Message-ID", true, "Message-Id: m\r\n\r\nx", date],
    ["a body without header section is set apart", false, "hello\r\n", "\r\n"],
    ["a body that begins with a blank is set apart", false, " hello\r\n", "\r\n"],
    ["an empty header section stays", true, "\r\nhello\r\n", date + id],
    ["an empty content is a message, too", false, "", "\r\n"],
  ])("%s", (_, isSubmission, text, added) => {
    expect(completed(text, isSubmission)).toBe(trace + added + text);
  });

  const control = "X-Godwit-Tenant: acme\r\n";
  const folded = "x-godwit-campaign:\r\n spring\r\n";
  test.each([
    ["at the start", `${control}Date: d\r\nA: b\r\n\r\nx`, id, "Date: d\r\nA: b\r\n\r\nx"],
    ["at the end", `Date: d\r\n${folded}\r\nx`, id, "Date: d\r\n\r\nx"],
    [
      "in several places",
      `A: b\r\n${control}Date: d\r\n${folded}${control}Message-ID: m\r\n\r\n${control}`,
      "",
      `A: b\r\nDate: d\r\nMessage-ID: m\r\n\r\n${control}`,
    ],
    ["before an empty line", `${control}\r\nx`, date + id, "\r\nx"],
    ["before what is no field", `${control}hello\r\n`, `${date + id}\r\n`, "hello\r\n"],
    ["and nothing else", control, `${date + id}\r\n`, ""],
  ])("fields for us are left out %s", (_, text, added, kept) => {
    expect(completed(text, true)).toBe(trace + added + kept);
  });

  test("fields for us are left out under a trace field that is not ASCII, too", () => {
    const by = { ...stamp, forPath: "δοκιμή@example.net" };
    const text = completed(`${control}A: b\r\n\r\nx`, true, by);
    expect(text).toBe(`${receivedField(by)}${date}${id}A: b\r\n\r\nx`);
  });

  test("what the client sent stays byte for byte", () => {
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    const content = new Uint8Array([...new TextEncoder().encode("A: b\r\n\r\n"), ...body]);
    const summary = summarizeHeader(content);
    const options = { content, summary, stamp, isSubmission: false, removed: [] };
    const result = completedContent(options);
    expect(result.subarray(trace.length)).toEqual(content);
  });
});
