import { expect, test } from "bun:test";
import { IntakeFull, IntakeUnavailable } from "#lib/stream/intake";
import { crossing, errorFrom } from "./crossing-error.ts";

/** Over a real boundary. */
const crossed = (error: unknown) => errorFrom(structuredClone(crossing(error)));

test("refusals keep the class that the edge answers by", () => {
  const full = crossed(new IntakeFull("no room"));
  expect(full).toBeInstanceOf(IntakeFull);
  expect(full.message).toBe("no room");
  const unavailable = crossed(new IntakeUnavailable("in doubt", { cause: new Error("disk") }));
  expect(unavailable).toBeInstanceOf(IntakeUnavailable);
  expect(unavailable).toMatchObject({ message: "in doubt", cause: { message: "disk" } });
});

test("any other error keeps its name, message, stack and causes", () => {
  const error = new TypeError("outer", { cause: new RangeError("inner") });
  const { name, message, stack, cause } = crossed(error);
  expect([name, message, stack]).toEqual(["TypeError", "outer", error.stack]);
  expect(cause).toMatchObject({ name: "RangeError", message: "inner" });
});

test("what is no error is told as text", () => {
  expect(String(crossed("nothing"))).toBe("Error: nothing");
});
