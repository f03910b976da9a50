import { describe, expect, test } from "bun:test";
import { loadIdAt, loadIdIn, loadIdText, parseLoadId } from "./load-id.ts";

describe("parseLoadId()", () => {
  test("reads what loadIdText() writes", () => {
    expect(parseLoadId(loadIdText({ run: "a1", n: 17 }))).toEqual({ run: "a1", n: 17 });
  });

  test.each(["", "-1", "a", "a-", "a-x", "A-1", "a-1234567890", "a-999999999", "a b-1"])(
    "refuses %j",
    (text) => {
      expect(parseLoadId(text)).toBeUndefined();
    },
  );
});

describe("loadIdIn()", () => {
  test.each([
    ["at the beginning", "X-Load-Id: a-1\r\n\r\n", { run: "a", n: 1 }],
    ["below a trace field", "Received: x\r\n\ty\r\nX-Load-Id: a-1\r\nX: y\r\n", { run: "a", n: 1 }],
    ["not in a body", "Subject: x\r\n\r\nX-Load-Id: a-1\r\n", undefined],
    ["not within a line", "Subject: X-Load-Id: a-1\r\n\r\n", undefined],
    ["not cut off", "X-Load-Id: a-1", undefined],
  ] as const)("finds it %s", (_, content, id) => {
    expect(loadIdIn(Buffer.from(content))).toEqual(id);
  });

  test("tells where the field begins", () => {
    expect(loadIdAt(Buffer.from("A: b\r\nX-Load-Id: a-1\r\n"))).toBe(6);
  });
});
