import { expect, test } from "bun:test";
import { Networks } from "./networks.ts";

const networks = new Networks(["192.0.2.0/24", "2001:db8::/32"]);

test.each([
  ["192.0.2.77", true],
  ["192.0.3.1", false],
  ["::ffff:192.0.2.77", true],
  ["::192.0.2.77", false],
  ["2001:db8:1::1", true],
  ["2001:db9::1", false],
])("has(%s) is %p", (address, isThere) => {
  expect(networks.has(address)).toBe(isThere);
});

test("a list of none has nobody", () => {
  expect(new Networks([]).has("192.0.2.1")).toBe(false);
});

test("what is no CIDR is not taken", () => {
  expect(() => new Networks(["192.0.2.1/99"])).toThrow('Cannot parse network "192.0.2.1/99"');
});
