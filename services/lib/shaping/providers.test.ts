import { describe, expect, test } from "bun:test";
import { shapedBy } from "../../../test/support/delivery/shaped.ts";

const shaping = shapedBy(`
providers:
  big: { match: { mx: [.big.example], domains: [big.example, "*.users.big.example"] } }
  inner: { match: { mx: [.in.big.example, mx.alone.example, 192.0.2.1] } }
  apart: { match: { mx: [.filter.example], domains: [apart.example], each: true } }
`);

describe("the provider of a domain", () => {
  test.each([
    ["by its list", "big.example", [], "big"],
    ["by its list, whatever its exchangers are", "big.example", ["mx.other.example"], "big"],
    ["by a pattern of the list", "x.users.big.example", [], "big"],
    ["not for the domain that the pattern is below", "users.big.example", [], "users.big.example"],
    [
      "by the suffix of all its exchangers",
      "a.example",
      ["mx1.big.example", "mx2.big.example"],
      "big",
    ],
    ["not by a suffix within a label", "a.example", ["mx.notbig.example"], "mx:mx.notbig.example"],
    ["not by the suffix itself", "a.example", ["big.example"], "mx:big.example"],
    ["by the longest suffix", "a.example", ["mx.in.big.example"], "inner"],
    ["by a host's own name", "a.example", ["MX.alone.example."], "inner"],
    [
      "by none, when one host is a stranger's",
      "a.example",
      ["mx1.big.example", "mx.a.example"],
      "mx:mx.a.example,mx1.big.example",
    ],
    [
      "by none, when hosts belong to two",
      "a.example",
      ["mx1.big.example", "mx.in.big.example"],
      "mx:mx.in.big.example,mx1.big.example",
    ],
    [
      "as a set of hosts, in whatever order, spelling and number",
      "a.example",
      ["B.x", "a.x", "b.x."],
      "mx:a.x,b.x",
    ],
    ["as itself, when nothing is known", "a.example", [], "a.example"],
    ["as an address", "[192.0.2.1]", [], "[192.0.2.1]"],
    [
      "with each set of hosts by itself",
      "a.example",
      ["b.filter.example", "a.filter.example"],
      "apart:a.filter.example,b.filter.example",
    ],
    [
      "with each domain by itself, where hosts are not known",
      "apart.example",
      [],
      "apart:apart.example",
    ],
  ])("is found %s", (_, domain, hosts, provider) => {
    expect(shaping.providerOf(domain, hosts)).toBe(provider);
  });

  test("has a short name, however many hosts there are", () => {
    const hosts = Array.from({ length: 10_000 }, (_, n) => `mx${n}.example`);
    const provider = shaping.providerOf("a.example", hosts);
    expect(provider).toMatch(/^mx:mx0\.example\+9999#[0-9a-f]{1,8}$/);
    expect(shaping.providerOf("b.example", hosts.toReversed())).toBe(provider);
    expect(shaping.providerOf("b.example", hosts.slice(1))).not.toBe(provider);
    expect(shaping.providerOf("b.example", [...hosts.slice(0, -1), "mx.example"])).not.toBe(
      provider,
    );
  });
});

test("a route has one when a provider has its host", () => {
  expect(shaping.providerOfRoute("mx.alone.example")).toBe("inner");
  expect(shaping.providerOfRoute("192.0.2.1")).toBe("inner");
  expect(shaping.providerOfRoute("relay.example")).toBeUndefined();
});
