import { expect, test } from "bun:test";
import { addressBytes } from "./address-bytes.ts";

test("an address is its octets", () => {
  expect(addressBytes("192.0.2.1")).toEqual([192, 0, 2, 1]);
  expect(addressBytes("2001:db8::1")).toEqual([0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 1]);
  expect(() => addressBytes("mx.example")).toThrow();
});
