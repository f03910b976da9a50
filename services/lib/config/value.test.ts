import { describe, expect, test } from "bun:test";
import {
  address,
  domainPattern,
  duration,
  endpoint,
  hostname,
  network,
  nextHop,
  passwordHash,
  port,
  quote,
  routePattern,
  size,
  tokenHash,
  type ValueParser,
} from "./value.ts";

const hash =
  "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNo";

describe("a value becomes what the program works with", () => {
  const cases: [string, ValueParser<unknown>, unknown, unknown][] = [
    ["seconds", duration, "300s", 300_000],
    ["minutes", duration, "5m", 300_000],
    ["hours", duration, "4h", 14_400_000],
    ["days", duration, "5d", 432_000_000],
    ["milliseconds", duration, "20ms", 20],
    ["hours and minutes", duration, "1h30m", 5_400_000],
    ["no time", duration, "0s", 0],
    ["bytes", size, "512B", 512],
    ["kibibytes", size, "64KiB", 65_536],
    ["mebibytes", size, "25MiB", 26_214_400],
    ["gibibytes", size, "1GiB", 1_073_741_824],
    ["a port", port, 25, 25],
    ["any port", port, 0, 0],
    ["the last port", port, 65_535, 65_535],
    ["an IPv4 address", address, "127.0.0.1", "127.0.0.1"],
    ["an IPv6 address", address, "::1", "::1"],
    ["an IPv4 network", network, "10.0.0.0/8", "10.0.0.0/8"],
    ["an IPv6 network", network, "2001:db8::/32", "2001:db8::/32"],
    ["a host name in lower case", hostname, "MTA1.Example.net", "mta1.example.net"],
    ["a host name in A-labels", hostname, "bücher.example", "xn--bcher-kva.example"],
    ["a domain", domainPattern, "Example.NET", "example.net"],
    ["domains below one", domainPattern, "*.Example.NET", "*.example.net"],
    ["all domains", routePattern, "*", "*"],
    ["a next hop", nextHop, "smtp://a.example:2525", hop("smtp", "a.example", 2525)],
    ["a next hop without port", nextHop, "smtp://a.example", hop("smtp", "a.example", 25)],
    ["an LMTP hop without port", nextHop, "lmtp://127.0.0.1", hop("lmtp", "127.0.0.1", 24)],
    ["an IPv6 hop", nextHop, "lmtp://[::1]:2424", hop("lmtp", "::1", 2424)],
    ["a server", endpoint(53), "127.0.0.1", { address: "127.0.0.1", port: 53 }],
    ["a server and port", endpoint(53), "127.0.0.1:5353", { address: "127.0.0.1", port: 5353 }],
    ["an IPv6 server", endpoint(53), "::1", { address: "::1", port: 53 }],
    ["an IPv6 server and port", endpoint(53), "[::1]:54", { address: "::1", port: 54 }],
    ["an argon2id hash", passwordHash, hash, hash],
  ];
  test.each(cases)("%s", (_, parse, written, value) => {
    expect(parse(written)).toEqual({ ok: true, value });
  });
});

function hop(protocol: string, host: string, portNumber: number): unknown {
  return { protocol, host, port: portNumber };
}

/** A group that cannot be made a text. */
const odd = { toString: false };

describe("what is wrong is told with a hint", () => {
  const cases: [string, ValueParser<unknown>, unknown, string, string][] = [
    ["no unit of time", duration, 300, "300 is no span of time", "with a unit, such as 300s"],
    ["unknown unit", duration, "5w", '"5w" is no span of time', "ms, s, m, h or d"],
    ["a negative span", duration, "-5m", '"-5m" is no span of time', "such as 5m"],
    ["a fraction", duration, "1.5h", '"1.5h" is no span of time', "such as 5m"],
    ["decimal units", size, "25MB", '"25MB" is no size', "25MiB"],
    ["no unit of size", size, 1024, "1024 is no size", "1024B"],
    ["a size in words", size, "big", '"big" is no size', "such as 25MiB"],
    ["a port too high", port, 70_000, "70000 is no port", "1 to 65535"],
    ["a negative port", port, -1, "-1 is no port", "1 to 65535"],
    ["half a port", port, 25.5, "25.5 is no port", "1 to 65535"],
    ["a port in quotes", port, "25", '"25" is no port', "without quotes: 25"],
    ["a port that is a list", port, [25], "[25] is no port", "1 to 65535"],
    ["a group", duration, odd, '{"toString":false} is no span of time', "such as 5m"],
    ["a group for a size", size, odd, '{"toString":false} is no size', "such as 25MiB"],
    ["a group for an address", address, odd, '{"toString":false} is no IP address', "::1"],
    ["a group for a network", network, odd, '{"toString":false} is no network', "192.0.2.0/24"],
    ["a group for a hop", nextHop, odd, '{"toString":false} is no next hop', "such as smtp"],
    ["a group for a place", endpoint(53), odd, '{"toString":false} is no address', "127.0.0.1"],
    ["a group for a domain", domainPattern, odd, '{"toString":false} is no domain', "example.net"],
    ["what all objects have", address, "constructor", '"constructor" is no IP', "such as 127"],
    ["localhost", address, "localhost", '"localhost" is no IP address', "127.0.0.1"],
    ["a star", address, "*", '"*" is no IP address', "0.0.0.0"],
    ["a short address", address, "127.1", '"127.1" is no IP address', "such as 127.0.0.1"],
    ["too many bits", network, "10.0.0.0/33", '"10.0.0.0/33" is no network', "192.0.2.0/24"],
    ["a host for a network", network, "192.0.2.1", '"192.0.2.1" is no network', "192.0.2.1/32"],
    ["an IPv6 host", network, "::1", '"::1" is no network', "::1/128"],
    ["everybody", network, "0.0.0.0/0", "0.0.0.0/0 trusts the whole Internet", "your own"],
    ["everybody in IPv6", network, "::/0", "::/0 trusts the whole Internet", "your own"],
    ["an address for a name", hostname, "192.0.2.1", "is no host name", "mta1.example.net"],
    ["a name with blanks", hostname, "my host", "is no host name", "mta1.example.net"],
    ["a mailbox for a domain", domainPattern, "a@b.example", "is no domain", "example.net"],
    ["an @ before a domain", domainPattern, "@b.example", "is no domain", "b.example"],
    ["a star within", domainPattern, "a.*.example", "is no domain", "*.example.net"],
    ["all domains where one is wanted", domainPattern, "*", "is no domain", "example.net"],
    ["a hop without scheme", nextHop, "relay.example:25", "is no next hop", "smtp://"],
    ["a hop over HTTP", nextHop, "http://a.example", "is no next hop", "smtp://"],
    ["a hop with a path", nextHop, "smtp://a.example/x", "is no next hop", "smtp://"],
    ["a hop with a bad port", nextHop, "smtp://a.example:99999", "is no next hop", "smtp://"],
    ["a hop at port 0", nextHop, "smtp://a.example:0", "is no next hop", "smtp://"],
    ["a hop with a user", nextHop, "smtp://me@a.example", "is no next hop", "smtp://"],
    ["a server by name", endpoint(53), "dns.example", "is no address and port", "127.0.0.1:53"],
    ["a password", passwordHash, "hunter2", "this is no password hash", "godwit user hash"],
    ["bcrypt", passwordHash, "$2b$10$abc", "this hash is not argon2id", "godwit user hash"],
    ["a token", tokenHash, "gdw_abc", "this is no token's hash", "godwit token make"],
    ["a cut hash", passwordHash, hash.slice(0, 40), "not argon2id", "godwit user hash"],
  ];
  test.each(cases)("%s", (_, parse, written, message, hint) => {
    const parsed = parse(written);
    expect(parsed).toMatchObject({ ok: false });
    if (!parsed.ok) {
      expect(parsed.message).toContain(message);
      expect(parsed.hint).toContain(hint);
    }
  });
});

test("tokenHash() takes what `godwit token make` prints, and repeats nothing else", () => {
  const made = `sha256:${"0123456789abcdef".repeat(4)}`;
  expect(tokenHash(made)).toEqual({ ok: true, value: made });
  expect(JSON.stringify(tokenHash("gdw_abc"))).not.toContain("gdw_abc");
});

test("passwordHash() never repeats what it was given", () => {
  expect(JSON.stringify(passwordHash("hunter2"))).not.toContain("hunter2");
});

test("quote() cuts what is long", () => {
  expect(quote("x".repeat(100))).toBe(`"${"x".repeat(59)}…`);
});
