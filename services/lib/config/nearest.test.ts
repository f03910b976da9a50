import { expect, test } from "bun:test";
import { editDistance, nearest } from "./nearest.ts";

const keys = ["hostname", "listeners", "users", "routes", "dns", "delivery", "tls"];

test.each([
  ["hostnmae", "hostname"],
  ["Hostname", "hostname"],
  ["listener", "listeners"],
  ["user", "users"],
  ["ruotes", "routes"],
  ["dsn", "dns"],
  ["delivry", "delivery"],
  ["color", undefined],
  ["x", undefined],
  ["", undefined],
])("nearest(%p) is %p", (word, expected) => {
  expect(nearest(word, keys)).toBe(expected);
});

test.each([
  ["", "", 0],
  ["a", "", 1],
  ["", "ab", 2],
  ["dns", "dsn", 1],
  ["kitten", "sitting", 3],
  ["same", "same", 0],
])("editDistance(%p, %p) is %p, both ways", (a, b, distance) => {
  expect([editDistance(a, b), editDistance(b, a)]).toEqual([distance, distance]);
});
