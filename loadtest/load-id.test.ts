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
    ["as a composer spells it", "Subject: x\r\nX-Load-ID: a-1\r\n\r\n", { run: "a", n: 1 }],
    ["not in a body", "Subject: x\r\n\r\nX-Load-Id: a-1\r\n", undefined],
    ["not within a line", "Subject: X-Load-Id: a-1\r\n\r\n", undefined],
    ["not cut off", "X-Load-Id: a-1", undefined],
    ["not cut off before its line end", "X-Load-Id: a-1\r", undefined],
    ["of another run", "X-Load-Id: bc-10\r\n", { run: "bc", n: 10 }],
    ["of a run like the last", "X-Load-Id: bd-10\r\n", { run: "bd", n: 10 }],
    ["not without a run", "X-Load-Id: -10\r\n", undefined],
    ["not with a run too long", `X-Load-Id: ${"a".repeat(33)}-10\r\n`, undefined],
    ["not without a number", "X-Load-Id: a-\r\n", undefined],
    ["not with a number too long", "X-Load-Id: a-0000000001\r\n", undefined],
    ["not with a number too large", "X-Load-Id: a-100000000\r\n", undefined],
    ["not with more behind it", "X-Load-Id: a-1 \r\n", undefined],
  ] as const)("finds it %s", (_, content, id) => {
    expect(loadIdIn(Buffer.from(content))).toEqual(id);
  });

  test("tells where the field begins", () => {
    expect(loadIdAt(Buffer.from("A: b\r\nX-Load-Id: a-1\r\n"))).toBe(6);
  });
});
