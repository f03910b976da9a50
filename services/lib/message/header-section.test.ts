import { describe, expect, test } from "bun:test";
import { asciiFieldBody, asciiText, fieldsOf, isNamed, summarizeHeader } from "./header-section.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function namesAndBodies(text: string): string[] {
  const content = bytes(text);
  const slice = (a: number, b: number) => new TextDecoder().decode(content.subarray(a, b));
  return [...fieldsOf(content)].map(
    (f) => `${slice(f.nameStart, f.nameEnd)}=${slice(f.bodyStart, f.end)}`,
  );
}

describe("fieldsOf()", () => {
  test.each([
    ["one field", "A: b\r\n\r\nbody", ["A= b\r\n"]],
    ["a folded field", "A: b\r\n\tc\r\n d\r\nE:f\r\n\r\n", ["A= b\r\n\tc\r\n d\r\n", "E=f\r\n"]],
    ["a blank before the colon", "Subject : x\r\n\r\n", ["Subject= x\r\n"]],
    ["a field without a line end", "A: b", ["A= b"]],
    ["no field in an empty content", "", []],
    ["no field before an empty line", "\r\nA: b\r\n", []],
    ["fields up to a line that is none", "A: b\r\nhello there\r\nC: d\r\n", ["A= b\r\n"]],
    ["no field in a continuation at the start", " A: b\r\n", []],
    ["no field with an empty name", ": b\r\n", []],
    ["no field with an 8-bit name", "Ä: b\r\n", []],
    ["an 8-bit body", "A: ä\r\n\r\n", ["A= ä\r\n"]],
  ])("finds %s", (_, text, expected) => {
    expect(namesAndBodies(text)).toEqual(expected);
  });
});

test("isNamed() ignores case and looks at the whole name", () => {
  const content = bytes("Message-ID: x\r\n");
  const [field] = [...fieldsOf(content)];
  if (field === undefined) throw new Error("no field");
  expect(isNamed(content, field, "message-id")).toBe(true);
  expect(isNamed(content, field, "message-i")).toBe(false);
  expect(isNamed(content, field, "message_id")).toBe(false);
});

describe("summarizeHeader()", () => {
  test("counts trace fields and sees what is there, in the header section only", () => {
    const header = "received: a\r\nRECEIVED: b\r\n c\r\nFrom: x\r\nDate: y\r\n";
    expect(summarizeHeader(bytes(`${header}\r\nReceived: body\r\nMessage-ID: body\r\n`))).toEqual({
      end: header.length,
      receivedFields: 2,
      hasDate: true,
      hasFrom: true,
      messageId: undefined,
      controlFields: [],
    });
  });

  test("of a content without header section is empty", () => {
    expect(summarizeHeader(bytes("hello\r\n"))).toEqual({
      end: 0,
      receivedFields: 0,
      hasDate: false,
      hasFrom: false,
      messageId: undefined,
      controlFields: [],
    });
  });
});

test("summarizeHeader() tells where the first Message-ID is", () => {
  const content = bytes("Message-ID: <a>\r\nmessage-id: <b>\r\n\r\nx");
  const { messageId } = summarizeHeader(content);
  if (messageId === undefined) throw new Error("there is one");
  expect(asciiText(content, messageId)).toBe("<a>");
});

test("summarizeHeader() tells where the fields for us are", () => {
  const content = bytes("X-Godwit-A: 1\r\nX-Godwi: 2\r\nx-gODWIT-b : 3\r\n 4\r\n\r\nX-Godwit-C: 5");
  const texts = summarizeHeader(content).controlFields.map(({ nameStart, end }) =>
    new TextDecoder().decode(content.subarray(nameStart, end)),
  );
  expect(texts).toEqual(["X-Godwit-A: 1\r\n", "x-gODWIT-b : 3\r\n 4\r\n"]);
});

describe("asciiFieldBody()", () => {
  test.each([
    ["unfolds and trims", "Message-ID:\r\n <a@b> \r\n\r\n", "<a@b>"],
    ["takes the first of two", "Message-ID: <a>\r\nMessage-ID: <b>\r\n\r\n", "<a>"],
    ["gives nothing when absent", "X: <a>\r\n\r\n", undefined],
    ["gives nothing that is not ASCII", "Message-ID: <ä>\r\n\r\n", undefined],
  ])("%s", (_, text, expected) => {
    expect(asciiFieldBody(bytes(text), "message-id")).toBe(expected);
  });
});
