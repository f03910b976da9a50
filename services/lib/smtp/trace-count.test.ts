import { describe, expect, test } from "bun:test";
import { countReceived } from "./trace-count.ts";

describe("countReceived()", () => {
  const cases: [string, number][] = [
    ["", 0],
    ["\r\nReceived: in the body\r\n", 0],
    ["Received: a\r\n\tby b\r\nRECEIVED: c\r\nreceived:\r\n\r\nReceived: body\r\n", 3],
    ["X-Received: a\r\nReceived : b\r\nReceive: c\r\n\r\n", 0],
    ["Subject: x\r\n Received: folded\r\nReceived: d", 1],
  ];
  test.each(cases)("%p", (text, count) => {
    expect(countReceived(new TextEncoder().encode(text))).toBe(count);
  });
});
