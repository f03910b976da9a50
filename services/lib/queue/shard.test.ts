import { describe, expect, test } from "bun:test";
import type { AddressLiteral, Domain, Mailbox, PathText } from "#lib/smtp/path";
import { allShards, destinationOf, fnv1a32, ownerOf, shardOf } from "./shard.ts";
import type { Destination, Shard } from "./unit.ts";

describe("fnv1a32()", () => {
  const published: [string, number][] = [
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ];
  test.each(published)("of %p is as published", (text, hash) => {
    expect(fnv1a32(text)).toBe(hash);
  });
});

describe("shardOf()", () => {
  test("stays the same for ever, for mail lies in the shards", () => {
    const destinations = ["example.com", "example.net", "[192.0.2.1]", "xn--bcher-kva.example"];
    const shards = destinations.map((name) => shardOf(name as Destination, 32));
    expect(shards.map(Number)).toEqual([6, 16, 12, 20]);
  });

  test("spreads destinations over all shards", () => {
    const seen = new Set<number>();
    for (let i = 0; i < 1_000; i++) seen.add(shardOf(`d${i}.example` as Destination, 32));
    expect(seen.size).toBe(32);
  });

  test.each([0, -1, 1.5])("refuses %p shards", (shards) => {
    expect(() => shardOf("example.com" as Destination, shards)).toThrow("at least one shard");
  });
});

describe("destinationOf()", () => {
  const base = { localPart: "Joe", text: "Joe@x" as PathText };

  test("is the domain", () => {
    const mailbox: Mailbox = { ...base, domain: "example.net" as Domain };
    expect(destinationOf(mailbox)).toBe("example.net" as Destination);
  });

  test("is the literal, in lower case, so that one host is one destination", () => {
    const mailbox: Mailbox = { ...base, addressLiteral: "[IPv6:2001:DB8::1]" as AddressLiteral };
    expect(destinationOf(mailbox)).toBe("[ipv6:2001:db8::1]" as Destination);
  });
});

describe("ownerOf()", () => {
  const shards = allShards(256);

  test("is the same in whatever order the members are told", () => {
    for (const shard of shards) {
      expect(ownerOf(shard, ["a/1", "b/1", "c/1"])).toBe(ownerOf(shard, ["c/1", "a/1", "b/1"]));
    }
    expect(ownerOf(0 as Shard, [])).toBeUndefined();
  });

  test("stays the same for ever, for workers of two versions must agree during an upgrade", () => {
    const owners = shards.slice(0, 16).map((shard) => ownerOf(shard, ["a/1", "b/1", "c/1"]));
    expect(owners.map((owner) => owner?.charAt(0)).join("")).toBe("cbbbbbccccbacacb");
  });

  test("moves only the shards of the member that goes", () => {
    const members = ["a/1", "b/1", "c/1", "d/1"];
    for (const shard of shards) {
      const before = ownerOf(shard, members);
      if (before === "d/1") continue;
      expect(ownerOf(shard, members.slice(0, 3))).toBe(before);
    }
  });

  test("gives each member about its part", () => {
    const counts = new Map<string, number>();
    for (const shard of shards) {
      const owner = ownerOf(shard, ["a/1", "b/1", "c/1", "d/1"]) ?? "";
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    expect(counts.size).toBe(4);
    for (const count of counts.values()) expect(count).toBeGreaterThan(40);
  });
});
