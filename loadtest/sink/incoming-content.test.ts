import { describe, expect, test } from "bun:test";
import { IncomingContent } from "./incoming-content.ts";

/** As a session does: what is not read comes again, with more behind it. */
function readIn(pieces: readonly string[]): { content: IncomingContent; left: string } {
  const content = new IncomingContent("whole");
  let unread = Buffer.alloc(0);
  for (const piece of pieces) {
    const input = Buffer.concat([unread, Buffer.from(piece, "latin1")]);
    unread = content.state === "complete" ? input : input.subarray(content.read(input, 0));
  }
  return { content, left: unread.toString() };
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
