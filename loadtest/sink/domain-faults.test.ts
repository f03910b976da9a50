import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Random, seededRandom } from "#lib/random";
import { DomainFaults } from "./domain-faults.ts";

/** Draws what it is told to. */
function drawing(...drawn: number[]): Random {
  const next = () => drawn.shift() ?? 0;
  return { next, below: (n) => Math.floor(next() * n), bytes: (length) => new Uint8Array(length) };
}

const text = `
big.example:
  - { odds: 0.2, at: rcpt, replies: ["550 5.1.1 No", "551 5.1.6 Moved"] }
  - { odds: 0.1, fault: drop-after-dot }
"*":
  - { odds: 1, replies: ["451 4.7.1 Later\\n4.7.1 Really"] }
`;

describe("DomainFaults", () => {
  const no = { stage: "rcpt", misdeed: { kind: "reply", code: 550, text: "5.1.1 No" } };
  const moved = { stage: "rcpt", misdeed: { kind: "reply", code: 551, text: "5.1.6 Moved" } };
  const later = { code: 451, text: "4.7.1 Later\n4.7.1 Really" };

  test.each([
    ["a domain", "big.example", [0.1, 0.4], no],
    ["another of its texts", "big.example", [0.19, 0.6], moved],
    ["below it, in whatever case", "d7.Big.Example", [0.1, 0.4], no],
    ["another row", "big.example", [0.29], { misdeed: { kind: "drop" }, stage: "end-of-data" }],
    ["any other", "small.example", [0.9], { stage: "end-of-data", misdeed: later }],
    ["not below, but alike", "notbig.example", [0.1], { misdeed: later }],
  ] as const)("of %s", (_, domain, drawn, expected) => {
    const faults = DomainFaults.read(text, "f.yaml", drawing(...drawn));
    expect(faults.of(domain)).toMatchObject(expected);
  });

  test("mostly nothing is wrong", () => {
    expect(DomainFaults.read(text, "f.yaml", drawing(0.31)).of("big.example")).toBeUndefined();
    const others = DomainFaults.read("a.example: []", "f.yaml", drawing());
    expect(others.of("b.example")).toBeUndefined();
  });

  test("odds are kept", () => {
    const faults = DomainFaults.read(text, "f.yaml", seededRandom(7));
    const struck = Array.from({ length: 5_000 }, () => faults.of("big.example")?.stage);
    expect(struck.filter((it) => it === "rcpt").length / 5_000).toBeCloseTo(0.2, 1);
    expect(struck.filter((it) => it === "end-of-data").length / 5_000).toBeCloseTo(0.1, 1);
  });

  test.each([
    ["no YAML", "a: [", "f.yaml:1"],
    ["odds of nothing", "a: [{ odds: 0, fault: drop }]", "odds"],
    ["odds that come to more", "a: [{ odds: 0.6, fault: drop }, { odds: 0.6, fault: drop }]", "1"],
    ["an unknown fault", "a: [{ odds: 1, fault: explode }]", "is no fault"],
    ["an unknown key", "a: [{ odds: 1, fault: drop, fualt: drop }]", "fualt"],
    ["a stage without a recipient", "a: [{ odds: 1, at: mail, replies: [550 x] }]", "at"],
    ["a reply without a code", "a: [{ odds: 1, replies: [no] }]", "must be a code and a text"],
    ["no reply", "a: [{ odds: 1, replies: [] }]", "replies"],
  ])("refuses %s", (_, wrong, part) => {
    const read = () => DomainFaults.read(wrong, "f.yaml", seededRandom(1));
    expect(read).toThrow(part);
  });

  test("the providers that come with it are read", async () => {
    const shipped = await readFile(join(import.meta.dir, "providers.yaml"), "utf8");
    const faults = DomainFaults.read(shipped, "providers.yaml", seededRandom(1));
    const seen = Array.from({ length: 3_000 }, () => faults.of("gmail.sink.example"));
    const refusals = seen.filter((it) => it?.misdeed.kind === "reply").length;
    expect(refusals).toBeGreaterThan(30);
    expect(refusals).toBeLessThan(200);
  });
});
