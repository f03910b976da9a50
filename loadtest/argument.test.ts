import { describe, expect, test } from "bun:test";
import { count, endpoint, oneOf, positive, positives, someOf, words } from "./argument.ts";

describe("values on a command line", () => {
  test("are read", () => {
    expect(count("0")).toBe(0);
    expect(positive("17")).toBe(17);
    expect(positives("1,20")).toEqual([1, 20]);
    expect(words("a,b,")).toEqual(["a", "b"]);
    expect(endpoint("127.0.0.1:2525")).toEqual({ address: "127.0.0.1", port: 2_525 });
    expect(endpoint("[::1]:25")).toEqual({ address: "::1", port: 25 });
    expect(oneOf(["SIZE", "DSN"])("size")).toBe("SIZE");
    expect(someOf(["SIZE", "DSN"])("dsn,size")).toEqual(["DSN", "SIZE"]);
  });

  test.each([
    ["a count", () => count("x")],
    ["a negative count", () => count("-1")],
    ["nothing", () => positive("0")],
    ["no numbers", () => positives("")],
    ["no port", () => endpoint("127.0.0.1")],
    ["a port beyond all", () => endpoint("127.0.0.1:65536")],
    ["an unknown word", () => oneOf(["a"])("b")],
  ])("are refused: %s", (_, read) => {
    expect(read).toThrow();
  });
});
