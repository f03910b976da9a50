import { expect, test } from "bun:test";
import type { Incarnation } from "#lib/stream/journal";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { heartbeatValidMs, Membership } from "./membership.ts";

const [one, two] = ["w1/1" as Incarnation, "w2/1" as Incarnation];

test("a member lives as long as it is heard", () => {
  const clock = new ManualClock();
  const membership = new Membership(clock);
  membership.hear(one);
  clock.advance(heartbeatValidMs - 1);
  membership.hear(two);
  expect(membership.living()).toEqual([one, two]);
  clock.advance(1);
  expect(membership.living()).toEqual([two]);
});

test("who leaves is no member at once", () => {
  const membership = new Membership(new ManualClock());
  membership.hear(one);
  membership.forget(one);
  membership.forget(one);
  expect(membership.living()).toEqual([]);
});
