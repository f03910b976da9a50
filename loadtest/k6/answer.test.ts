import { expect, test } from "bun:test";
import { acceptedCopies, isRefusal } from "./answer.ts";

test.each([
  [429, { "Retry-After": "1" }, true],
  [503, { "Retry-After": "30" }, true],
  [503, {}, false],
  [503, { "Retry-After": "soon" }, false],
  [500, { "Retry-After": "1" }, false],
  [202, {}, false],
])("%p with %p: a refusal is %p", (status, headers, expected) => {
  expect(isRefusal({ status, headers })).toBe(expected);
});

test("promised are those that were accepted", () => {
  const recipients = ["accepted", "refused", "accepted"].map((status) => ({ status }));
  expect(acceptedCopies(JSON.stringify({ accepted: 2, refused: 1, recipients }))).toBe(2);
});

test.each(["", "<html>", "null", "[]", "{}", '{"recipients":"all"}', '{"recipients":[1]}'])(
  "%p promises nothing",
  (body) => {
    expect(acceptedCopies(body)).toBe(0);
  },
);
