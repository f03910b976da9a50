import { describe, expect, test } from "bun:test";
import { makeMessageId, usableMessageId } from "./message-id.ts";

test("makeMessageId() joins queue id and hostname", () => {
  expect(makeMessageId("01JD", "mta1.example.net")).toBe("<01JD@mta1.example.net>");
});

describe("usableMessageId()", () => {
  test.each([
    ["takes an ordinary one", "<a.b@example.com>", "<a.b@example.com>"],
    ["takes one without @, as some write", "<abc>", "<abc>"],
    ["refuses one without brackets", "a@b", undefined],
    ["refuses two", "<a@b> <c@d>", undefined],
    ["refuses a line end", "<a@b\r\nBcc: x>", undefined],
    ["refuses an overlong one", `<${"a".repeat(300)}@b>`, undefined],
    ["has nothing for nothing", undefined, undefined],
  ])("%s", (_, text, expected) => {
    expect(usableMessageId(text)).toBe(expected);
  });
});
