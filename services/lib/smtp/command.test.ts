import { describe, expect, test } from "bun:test";
import { afterKeyword, parseCommand } from "./command.ts";

describe("parseCommand()", () => {
  const cases: [string, string | undefined, string][] = [
    ["QUIT", "QUIT", ""],
    ["quit  ", "QUIT", ""],
    ["Ehlo client.example ", "EHLO", "client.example"],
    ["MAIL FROM:<a@b.example> SIZE=1", "MAIL", "FROM:<a@b.example> SIZE=1"],
    ["", undefined, ""],
    ["XYZZY now", undefined, "now"],
    ["QUITX", undefined, ""],
    [" QUIT", undefined, "QUIT"],
  ];
  test.each(cases)("%p", (line, verb, argument) => {
    expect(parseCommand(line)).toEqual({ verb, argument } as never);
  });
});

describe("afterKeyword()", () => {
  const cases: [string, string | undefined][] = [
    ["FROM:<a@b.example>", "<a@b.example>"],
    ["from: <a@b.example>", "<a@b.example>"],
    ["FROM <a@b.example>", undefined],
    ["", undefined],
  ];
  test.each(cases)("%p", (argument, rest) => {
    expect(afterKeyword(argument, "FROM:")).toBe(rest as never);
  });
});
