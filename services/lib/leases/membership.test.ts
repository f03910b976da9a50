import { expect, test } from "bun:test";
import type { Incarnation } from "#lib/stream/journal";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { heartbeatValidMs, Membership } from "./membership.ts";

const [one, two] = ["w1/1" as Incarnation, "w2/1" as Incarnation];
const living = (membership: Membership) => membership.living().map((m) => m.incarnation);

test("a member lives as long as it is heard", () => {
  const clock = new ManualClock();
  const membership = new Membership(clock);
  membership.hear(one, "staying");
  clock.advance(heartbeatValidMs - 1);
  membership.hear(two, "staying");
  expect(living(membership)).toEqual([one, two]);
  clock.advance(1);
  expect(living(membership)).toEqual([two]);
});

test("nobody is dead by what is only known of an earlier time", () => {
  const clock = new ManualClock();
  const membership = new Membership(clock);
  membership.hear(one, "staying");
  const asOf = clock.monotonic();
  clock.advance(heartbeatValidMs);
  expect(membership.living(asOf)).toEqual([
    { incarnation: one, standing: "staying", silentMs: heartbeatValidMs },
  ]);
  expect(living(membership)).toEqual([]);
});

test("a member says that it is leaving, and is one until it has left", () => {
  const membership = new Membership(new ManualClock());
  membership.hear(one, "staying");
  membership.hear(one, "leaving");
  expect(membership.living()).toEqual([{ incarnation: one, standing: "leaving", silentMs: 0 }]);
  membership.forget(one);
  membership.forget(one);
  expect(membership.living()).toEqual([]);
});
