import { describe, expect, test } from "bun:test";
import { parseResolvConf } from "./resolv-conf.ts";

const at = (address: string) => ({ address, port: 53 });
const usual = { timeoutMs: 5_000, attempts: 2, isRotating: false };

describe("parseResolvConf()", () => {
  const cases: [string, string, object][] = [
    ["an empty file means this host", "", { servers: [at("127.0.0.1")], ...usual }],
    [
      "servers in their order, comments and other lines left out",
      "# one\n; two\nsearch a.example\nnameserver 192.0.2.1\nnameserver\t192.0.2.2 # near\n",
      { servers: [at("192.0.2.1"), at("192.0.2.2")], ...usual },
    ],
    [
      "IPv6 with and without an interface",
      "nameserver 2001:db8::53\nnameserver fe80::1%eth0\n",
      { servers: [at("2001:db8::53"), at("fe80::1%eth0")], ...usual },
    ],
    [
      "no more than three servers",
      "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4",
      { servers: [at("192.0.2.1"), at("192.0.2.2"), at("192.0.2.3")], ...usual },
    ],
    [
      "a name is no address",
      "nameserver dns.example\nnameserver 192.0.2.300\nnameserver\nnameserver 192.0.2.1\r\n",
      { servers: [at("192.0.2.1")], ...usual },
    ],
    [
      "options, over several lines",
      "nameserver 192.0.2.1\noptions timeout:2 rotate\noptions attempts:3 edns0\n",
      { servers: [at("192.0.2.1")], timeoutMs: 2_000, attempts: 3, isRotating: true },
    ],
    [
      "options beyond their limits",
      "nameserver 192.0.2.1\noptions timeout:900 attempts:77",
      { servers: [at("192.0.2.1")], timeoutMs: 30_000, attempts: 5, isRotating: false },
    ],
    [
      "options that say nothing",
      "nameserver 192.0.2.1\noptions timeout: attempts:x",
      { servers: [at("192.0.2.1")], ...usual },
    ],
    [
      "an option of zero would ask nobody",
      "nameserver 192.0.2.1\noptions timeout:0 attempts:0",
      { servers: [at("192.0.2.1")], timeoutMs: 1_000, attempts: 1, isRotating: false },
    ],
  ];
  test.each(cases)("%s", (_, text, expected) => {
    expect(parseResolvConf(text)).toEqual(expected as never);
  });
});
