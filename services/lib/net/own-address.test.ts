import { describe, expect, test } from "bun:test";
import { isThisMachine, plainAddress } from "./own-address.ts";

describe("isThisMachine()", () => {
  test.each([
    ["127.0.0.1", true],
    ["127.255.255.254", true],
    ["0.0.0.0", true],
    ["0.1.2.3", true],
    ["::1", true],
    ["0:0:0:0:0:0:0:1", true],
    ["::", true],
    ["::ffff:127.0.0.1", true],
    ["::ffff:7f00:1", true],
    ["::ffff:0.0.0.0", true],
    ["128.0.0.1", false],
    ["126.255.255.255", false],
    ["10.0.0.1", false],
    ["192.168.1.1", false],
    ["::2", false],
    ["fe80::1", false],
    ["fd00::1", false],
    ["::ffff:192.0.2.1", false],
    ["mx.example", false],
    ["", false],
  ])("%p: %p", (address, is) => {
    expect(isThisMachine(address)).toBe(is);
  });
});

test("plainAddress() is the same for an address however it is written", () => {
  expect(plainAddress("2001:DB8:0:0:0:0:0:1")).toBe("2001:db8::1");
  expect(plainAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(plainAddress("mx.example")).toBe("mx.example");
});
