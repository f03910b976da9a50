import { expect, test } from "bun:test";
import { likeHeader, proxyHeader } from "./proxy-header.ts";

const hexOf = (from: string, to: string) =>
  Buffer.from(proxyHeader({ address: from, port: 0 }, { address: to, port: 25 })).toString("hex");

test("says where from and where to, as the specification has it", () => {
  const signature = "0d0a0d0a000d0a515549540a";
  expect(hexOf("192.0.2.1", "198.51.100.2")).toBe(`${signature}2111000cc0000201c633640200000019`);
  const six = "20010db8000000000000000000000001";
  expect(hexOf("2001:db8::1", "2001:db8::1")).toBe(`${signature}21210024${six}${six}00000019`);
});

test.each<[string, "no" | "maybe" | "yes"]>([
  ["", "maybe"],
  ["P", "maybe"],
  ["PROXY", "maybe"],
  ["PROXY ", "yes"],
  ["PROXYING", "no"],
  ["EHLO", "no"],
  ["\r\n\r\n\0\r\nQUIT", "maybe"],
  ["\r\n\r\n\0\r\nQUIT\n!", "yes"],
  ["\r\nQUIT", "no"],
])("likeHeader(%j) is %s", (text, likeness) => {
  expect(likeHeader(new TextEncoder().encode(text))).toBe(likeness);
});
