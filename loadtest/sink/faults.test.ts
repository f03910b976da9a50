import { describe, expect, test } from "bun:test";
import { seededRandom } from "#lib/random";
import { DomainFaults } from "./domain-faults.ts";
import { Faults } from "./faults.ts";

function strikes(faults: Faults, path: string): boolean {
  return faults.striking("rcpt", faults.askedByRecipient(path)) !== undefined;
}

describe("Faults", () => {
  test("a local part asks, up to a plus sign, and only at its stage", () => {
    const faults = new Faults(seededRandom(1));
    expect(strikes(faults, "550-at-rcpt@a.example")).toBe(true);
    expect(strikes(faults, "550-at-rcpt+17@a.example")).toBe(true);
    expect(strikes(faults, "550-at-data@a.example")).toBe(false);
    expect(strikes(faults, "alice@a.example")).toBe(false);
    expect(strikes(faults, "alice@550-at-rcpt+x")).toBe(false);
    expect(strikes(faults, "")).toBe(false);
    expect(faults.counts).toEqual({ "reply at rcpt": 2 });
  });

  test("a limited fault counts for each path by itself", () => {
    const faults = new Faults(seededRandom(1));
    const seen = ["greylist+1@a.example", "greylist+1@a.example", "greylist+2@a.example"];
    expect(seen.map((path) => strikes(faults, path))).toEqual([true, false, true]);
  });

  test("the whole sink can be told what to do, and to stop it", () => {
    const faults = new Faults(seededRandom(1));
    faults.replace(["451-at-rcpt-2-times"]);
    const paths = ["a@a.example", "b@a.example", "c@a.example"];
    expect(paths.map((path) => strikes(faults, path))).toEqual([true, true, false]);
    faults.replace(["550-at-rcpt"]);
    expect(strikes(faults, "d@a.example")).toBe(true);
    faults.replace([]);
    expect(strikes(faults, "e@a.example")).toBe(false);
  });

  test("an unknown word is refused", () => {
    expect(() => new Faults(seededRandom(1)).replace(["explode"])).toThrow('"explode" is no fault');
  });

  test("odds are kept", () => {
    const faults = new Faults(seededRandom(1));
    faults.replace(["451-at-rcpt-1-in-10"]);
    const hits = Array.from({ length: 2_000 }, () => strikes(faults, "a@a.example"));
    const count = hits.filter(Boolean).length;
    expect(count).toBeGreaterThan(140);
    expect(count).toBeLessThan(260);
  });

  test("a domain's faults are those of its recipients, not of senders", () => {
    const text = "a.example: [{ odds: 1, at: rcpt, replies: [550 no] }]";
    const domains = DomainFaults.read(text, "f.yaml", seededRandom(1));
    const faults = new Faults(seededRandom(1), domains);
    expect(strikes(faults, "x@a.example")).toBe(true);
    expect(strikes(faults, "x@b.example")).toBe(false);
    expect(faults.askedBySender("x@a.example")).toEqual([]);
  });
});
