import { expect, test } from "bun:test";
import { Zone } from "./zone.ts";

test("Zone finds by type, aliases for all types, and knows what is there without records", () => {
  const zone = new Zone()
    .set("A.example.", "a", ["192.0.2.1"], 1_000)
    .set("www.example", "cname", ["a.Example."], 2_000)
    .set("empty.example", "mx", []);
  expect(zone.find("a.example", "a")).toEqual({
    kind: "records",
    records: ["192.0.2.1"],
    ttlMs: 1_000,
  });
  expect(zone.find("a.example", "mx")).toEqual({ kind: "none" });
  expect(zone.find("www.example", "mx")).toEqual({
    kind: "alias",
    target: "a.example",
    ttlMs: 2_000,
  });
  expect(zone.find("empty.example", "mx")).toEqual({ kind: "none" });
  expect(zone.find("b.example", "a")).toEqual({ kind: "nxdomain" });
});

test("Zone forgets a deleted name and all its records", () => {
  const zone = new Zone().set("a.example", "a", ["192.0.2.1"]).set("a.example", "txt", [["x"]]);
  zone.delete("A.example");
  expect(zone.find("a.example", "a")).toEqual({ kind: "nxdomain" });
  zone.set("a.example", "mx", []);
  expect(zone.find("a.example", "txt")).toEqual({ kind: "none" });
});
