import { describe, expect, test } from "bun:test";
import { AssertionError, assert, unreachable } from "./assert.ts";

describe("assert()", () => {
  test.each([[true], [1], ["text"], [{}], [[]]])("lets %p pass", (condition) => {
    expect(() => assert(condition, "it holds")).not.toThrow();
  });

  test.each([false, 0, "", null, undefined])(
    "throws for %p and says why it must hold",
    (condition) => {
      expect(() => assert(condition, "a unit has recipients")).toThrow(
        new AssertionError("Assertion failed: a unit has recipients"),
      );
    },
  );

  test("throws an error that can be told from others", () => {
    const failing = () => assert(false, "never");
    expect(failing).toThrow(AssertionError);
    expect(new AssertionError("x").name).toBe("AssertionError");
  });
});

describe("unreachable()", () => {
  test("names the value that no branch was for", () => {
    const kind: string = "surprise";
    // @ts-expect-error A closed union has no value left here.
    expect(() => unreachable(kind)).toThrow('Assertion failed: unexpected value "surprise"');
  });
});
