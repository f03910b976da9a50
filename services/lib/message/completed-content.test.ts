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

function completed(text: string, isSubmission: boolean): string {
  const content = new TextEncoder().encode(text);
  const bytes = completedContent({
    content,
    summary: summarizeHeader(content),
    stamp,
    isSubmission,
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

  test("what the client sent stays byte for byte", () => {
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    const content = new Uint8Array([...new TextEncoder().encode("A: b\r\n\r\n"), ...body]);
    const summary = summarizeHeader(content);
    const result = completedContent({ content, summary, stamp, isSubmission: false });
    expect(result.subarray(trace.length)).toEqual(content);
  });
});
