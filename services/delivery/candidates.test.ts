import { expect, test } from "bun:test";
import type { Member } from "#lib/leases/leases";
import { VirtualClock } from "#lib/virtual-clock";
import { incarnation } from "../../test/support/records.ts";
import { Candidates } from "./candidates.ts";

const [a, b] = [incarnation("a/1"), incarnation("b/1")];
const member = (
  name: typeof a,
  standing: Member["standing"] = "staying",
  silentMs = 0,
): Member => ({ incarnation: name, standing, silentMs });

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

test("whoever says nothing behind our coming does not count, until it says something", async () => {
  const clock = new VirtualClock();
  const candidates = new Candidates(clock, 5_000);
  // Its last word stood there already, however long.
  candidates.among([member(a), member(b, "staying", 0)]);
  await clock.advance(5_000);
  const silent = [member(a), member(b, "staying", 5_000)];
  expect(candidates.among(silent)).toEqual([a]);
  expect(candidates.withNewcomers(silent)).toEqual([a]);
  await clock.advance(3_000);
  const heard = [member(a), member(b, "staying", 100)];
  expect(candidates.among(heard)).toEqual([a, b]);
  // From then on it counts until it is no member any more.
  await clock.advance(20_000);
  expect(candidates.among([member(a), member(b, "staying", 20_100)])).toEqual([a, b]);
});

test("while one is newly dead, those know it that have been here for 30 s", async () => {
  const clock = new VirtualClock();
  const candidates = new Candidates(clock, 5_000);
  const dead = incarnation("c/1");
  candidates.among([member(a), member(dead)]);
  await clock.advance(20_000);
  candidates.among([member(a), member(dead), member(b)]);
  await clock.advance(10_000);
  expect(candidates.knowing(candidates.among([member(a), member(dead), member(b)]))).toEqual([]);
  const left = [member(a), member(b)];
  expect(candidates.knowing(candidates.among(left))).toEqual([a]);
  await clock.advance(20_000);
  expect(candidates.knowing(candidates.among(left))).toEqual([a, b]);
  await clock.advance(10_001);
  expect(candidates.knowing(candidates.among(left))).toEqual([]);
});

test("who said that it leaves is not lost", async () => {
  const clock = new VirtualClock();
  const candidates = new Candidates(clock, 5_000);
  candidates.among([member(a), member(b)]);
  await clock.advance(30_000);
  candidates.among([member(a), member(b, "leaving")]);
  expect(candidates.knowing(candidates.among([member(a)]))).toEqual([]);
});

test("where nobody waits, everybody counts at once", () => {
  const candidates = new Candidates(new VirtualClock(), 0);
  expect(candidates.among([member(a)])).toEqual([a]);
});

test("a newcomer may get what is released at once; who is leaving does not", async () => {
  const clock = new VirtualClock();
  const candidates = new Candidates(clock, 5_000);
  candidates.among([member(a)]);
  await clock.advance(1_000);
  const members = [member(a, "leaving"), member(b)];
  expect(candidates.withNewcomers(members)).toEqual([b]);
});
