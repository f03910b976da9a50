/** haproxy's proxy-protocol.txt, §2.1 and §2.2. */
import { describe, expect, test } from "bun:test";
import { binaryHeader } from "../../../../test/support/edge/binary-header.ts";
import { proxyHeader } from "./proxy-header.ts";
import { ProxyHeaderReader } from "./proxy-header-reader.ts";

const encoder = new TextEncoder();

function read(bytes: Uint8Array | string) {
  return new ProxyHeaderReader().push(typeof bytes === "string" ? encoder.encode(bytes) : bytes);
}

describe("version 1 tells whose the connection is", () => {
  test.each([
    ["of IPv4", "TCP4 192.0.2.1 198.51.100.2 56324 25", { address: "192.0.2.1", port: 56_324 }],
    ["of IPv6", "TCP6 2001:DB8::1 2001:db8::2 1 25", { address: "2001:db8::1", port: 1 }],
    ["of IPv4 in IPv6", "TCP6 ::ffff:192.0.2.1 ::1 9 25", { address: "192.0.2.1", port: 9 }],
    ["of nobody", "UNKNOWN", undefined],
    ["of nobody, whatever follows", "UNKNOWN ff:: 1 \r x", undefined],
  ])("%s", (_, rest, source) => {
    const line = `PROXY ${rest}\r\n`;
    const result = { kind: "read", consumed: line.length } as const;
    expect(read(`${line}EHLO x\r\n`)).toEqual(
      source === undefined ? result : { ...result, source },
    );
  });

  test("in its longest form", () => {
    const six = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    expect(read(`PROXY TCP6 ${six} ${six} 65535 65535\r\n`)).toMatchObject({
      source: { address: six, port: 65_535 },
    });
    // §2.1: 107 octets with CRLF, which only UNKNOWN can fill.
    expect(read(`PROXY UNKNOWN ${"f".repeat(91)}\r\n`)).toEqual({ kind: "read", consumed: 107 });
    expect(read(`PROXY UNKNOWN ${"f".repeat(92)}\r\n`)).toEqual({
      kind: "refused",
      why: "its line exceeds 107 octets",
    });
  });
});

test.each([
  ["another protocol", "EHLO x\r\n", "it does not begin like one"],
  ["another word", "PROXI TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "it does not begin like one"],
  ["UDP", "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "its line has another form"],
  ["two blanks", "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", "its line has another form"],
  ["no port", "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", "its line has another form"],
  ["something more", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", "its line has another form"],
  ["a port too high", "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", "a port is wrong"],
  ["a leading zero", "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", "a port is wrong"],
  ["a name", "PROXY TCP4 localhost 192.0.2.2 1 2\r\n", "an address is wrong"],
  ["an octal address", "PROXY TCP4 010.0.0.1 192.0.2.2 1 2\r\n", "an address is wrong"],
  ["the other family", "PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n", "an address is wrong"],
  ["IPv4 as TCP6", "PROXY TCP6 192.0.2.1 2001:db8::1 1 2\r\n", "an address is wrong"],
  ["a zone", "PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2\r\n", "an address is wrong"],
  ["an address out of use", "PROXY TCP6 ::192.0.2.1 ::1 1 2\r\n", "an address is wrong"],
  [
    "a bare LF",
    `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n${"x".repeat(90)}`,
    "its line exceeds 107 octets",
  ],
])("version 1 with %s is refused", (_, line, why) => {
  expect(read(line)).toEqual({ kind: "refused", why });
});

describe("version 2 tells whose the connection is", () => {
  const target = { address: "198.51.100.2", port: 25 };

  test("as our own header has it", () => {
    const header = proxyHeader({ address: "192.0.2.1", port: 4_660 }, target);
    const source = { address: "192.0.2.1", port: 4_660 };
    expect(read(header)).toEqual({ kind: "read", source, consumed: 28 });
    const six = proxyHeader({ address: "2001:db8::1", port: 1 }, { address: "::1", port: 25 });
    expect(read(six)).toMatchObject({ source: { address: "2001:db8::1", port: 1 }, consumed: 52 });
  });

  test.each([
    ["type-length-values are skipped", { rest: [3, 0, 4, 1, 2, 3, 4] }, "192.0.2.1", 35],
    ["up to the longest", { rest: Array<number>(65_523).fill(1) }, "192.0.2.1", 65_551],
    ["LOCAL is the proxy's own", { command: 0x20 }, undefined, 28],
    ["LOCAL without a family", { command: 0x20, family: 0, addresses: [] }, undefined, 16],
    ["without a family", { family: 0x00, addresses: [] }, undefined, 16],
    [
      "over a socket of a machine",
      { family: 0x31, addresses: Array<number>(216).fill(0) },
      undefined,
      232,
    ],
  ])("%s", (_, parts, address, consumed) => {
    const result = read(Uint8Array.of(...binaryHeader(parts), 69, 72));
    expect(result).toMatchObject({ kind: "read", consumed });
    expect(result?.kind === "read" ? result.source?.address : "none").toBe(address);
  });
});

test.each([
  ["another version", { command: 0x11 }, "its version or command is unknown"],
  ["another command", { command: 0x22 }, "its version or command is unknown"],
  ["datagrams", { family: 0x12 }, "its kind of connection is unknown"],
  ["an unknown family", { family: 0x41 }, "its kind of connection is unknown"],
  ["too little for IPv4", { addresses: [1, 2, 3, 4] }, "it is too short for its addresses"],
  ["too little for IPv6", { family: 0x21 }, "it is too short for its addresses"],
])("version 2 with %s is refused", (_, parts, why) => {
  expect(read(binaryHeader(parts))).toEqual({ kind: "refused", why });
});

test("a header that is not whole yet is waited for", () => {
  const line = encoder.encode("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r");
  expect(read(line)).toBeUndefined();
  expect(read(binaryHeader({ rest: [1, 2] }).subarray(0, -1))).toBeUndefined();
  expect(read(new Uint8Array())).toBeUndefined();
});
