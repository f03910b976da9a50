import { expect, test } from "bun:test";
import type { Member } from "#lib/leases/leases";
import { VirtualClock } from "#lib/virtual-clock";
import { incarnation } from "../../test/support/records.ts";
import { Candidates, staying } from "./candidates.ts";

const [a, b] = [incarnation("a/1"), incarnation("b/1")];
const member = (name: typeof a, standing: Member["standing"] = "staying"): Member => {
  return { incarnation: name, standing, silentMs: 0 };
};

test("a newcomer counts after a while, and nobody else waits for it", async () => {
  const clock = new VirtualClock();
  const candidates = new Candidates(clock, 5_000);
  expect(candidates.among([member(a)])).toEqual([]);
  await clock.advance(5_000);
  expect(candidates.among([member(a), member(b)])).toEqual([a]);
  await clock.advance(5_000);
  expect(candidates.among([member(a), member(b)])).toEqual([a, b]);
});

test("who is leaving or gone does not count at once, and is a newcomer when it is back", async () => {
  const clock = new VirtualClock();
  const candidates = new Candidates(clock, 5_000);
  candidates.among([member(a), member(b)]);
  await clock.advance(5_000);
  expect(candidates.among([member(a), member(b, "leaving")])).toEqual([a]);
  expect(candidates.among([member(b)])).toEqual([]);
  expect(candidates.among([member(a), member(b)])).toEqual([]);
});

test("staying() leaves out who is leaving", () => {
  expect(staying([member(a, "leaving"), member(b)])).toEqual([b]);
});
