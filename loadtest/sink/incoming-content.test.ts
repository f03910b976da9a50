import { describe, expect, test } from "bun:test";
import { IncomingContent } from "./incoming-content.ts";

/** As a session does, with something else before each piece. */
function readIn(pieces: readonly string[]): { content: IncomingContent; left: string } {
  const content = new IncomingContent("whole");
  const before = "x.\r\n";
  let left = "";
  for (const piece of pieces) {
    const input = Buffer.from(`${before}${piece}`, "latin1");
    const isComplete = content.state === "complete";
    const at = isComplete ? before.length : content.read(input, before.length);
    left += input.toString("latin1", at);
  }
  return { content, left };
}

const sent = "X-Load-Id: a-1\r\n\r\n..dot\r\n.\r\r\nno end\r\n\r\n.\r\nQUIT\r\n";

describe("IncomingContent", () => {
  test.each([1, 2, 3, 4, 5, 7, 100])("is the same in pieces of %d", (length) => {
    const pieces = sent.match(new RegExp(`[^]{1,${length}}`, "g")) ?? [];
    const { content, left } = readIn(pieces);
    expect(content.state).toBe("complete");
    expect(content.whole()?.toString()).toBe("X-Load-Id: a-1\r\n\r\n.dot\r\n\r\r\nno end\r\n\r\n");
    expect(content.id).toEqual({ run: "a", n: 1 });
    expect(left).toBe("QUIT\r\n");
  });

  test.each([[[".\r\n"]], [[".", "\r", "\n"]]])("can be empty: %j", (pieces) => {
    const { content } = readIn(pieces);
    expect(content.state).toBe("complete");
    expect(content.size).toBe(0);
  });

  test("a dot alone on the first line ends it; another there does not", () => {
    const { content, left } = readIn([".", "\r", "\n.", "\r\n"]);
    expect([content.whole()?.toString(), left]).toEqual(["", ".\r\n"]);
    expect(readIn(["..\r\n", ".\r\n"]).content.whole()?.toString()).toBe(".\r\n");
  });

  test("octets of the mark that came before are no content", () => {
    const { content } = readIn(["a\r\n.\r", "\n"]);
    expect([content.size, content.whole()?.toString()]).toEqual([3, "a\r\n"]);
    expect(readIn(["a\r\n.\r", "b\r\n.\r\n"]).content.size).toBe("a\r\n.\rb\r\n".length);
  });

  test("a chunk is taken as it is, dots and all", () => {
    const content = new IncomingContent("whole");
    const input = Buffer.from("BDAT X-Load-Id: a-1\r\n\r\n..\r\n.\r\nQUIT");
    content.take(input, 5, 12);
    content.take(input, 12, input.length - 4);
    expect(content.whole()?.toString()).toBe("X-Load-Id: a-1\r\n\r\n..\r\n.\r\n");
    expect(content.id).toEqual({ run: "a", n: 1 });
  });

  test("is not complete at a bare line feed, nor at a dot on a longer line", () => {
    const { content } = readIn(["a\n.\nb\r\n.c\r\n", ".\r\r\n", "\n.\r\n"]);
    expect(content.state).not.toBe("complete");
  });

  test("keeps nothing when it is not asked to", () => {
    const content = new IncomingContent("nothing");
    content.read(Buffer.from(sent), 0);
    expect(content.whole()).toBeUndefined();
    expect(content.id).toEqual({ run: "a", n: 1 });
  });
});
