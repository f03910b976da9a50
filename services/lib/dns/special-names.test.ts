import { expect, test } from "bun:test";
import { specialAbsence, specialAddresses } from "./special-names.ts";

test.each([
  ["localhost", "127.0.0.1", "::1"],
  ["a.b.localhost", "127.0.0.1", "::1"],
])("%p is the loopback", (name, a, aaaa) => {
  expect(specialAddresses(name, "a")).toMatchObject({ records: [a] });
  expect(specialAddresses(name, "aaaa")).toMatchObject({ records: [aaaa] });
  expect(specialAbsence(name)).toEqual({ kind: "nxdomain" });
});

test.each(["invalid", "x.invalid", "x.onion"])("%p is nowhere", (name) => {
  expect(specialAddresses(name, "a")).toEqual({ kind: "nxdomain" });
  expect(specialAbsence(name)).toEqual({ kind: "nxdomain" });
});

test.each(["example.com", "localhost.example", "notlocalhost", "invalid.example"])(
  "%p is asked for",
  (name) => {
    expect(specialAddresses(name, "a")).toBeUndefined();
    expect(specialAbsence(name)).toBeUndefined();
  },
);
