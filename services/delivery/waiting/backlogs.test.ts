import { expect, test } from "bun:test";
import { backlogOf } from "#lib/queue/backlog-name";
import { destination } from "../../../test/support/records.ts";
import { Backlogs } from "./backlogs.ts";

const net = destination("example.net");
const acme = backlogOf({ destination: net, lane: "n", tenant: "acme" });

test("each has its own cursor, and together they are what waits", () => {
  const backlogs = new Backlogs();
  expect([backlogs.isEmpty, backlogs.mayHaveMore, backlogs.waiting]).toEqual([true, false, 0]);
  backlogs.of(net).grew(3, 30);
  backlogs.of(acme).grew(2, 20);
  expect(backlogs.of(acme)).toBe(backlogs.of(acme));
  expect([backlogs.isEmpty, backlogs.mayHaveMore, backlogs.waiting]).toEqual([false, true, 5]);
  backlogs.of(net).readStarted();
  backlogs.of(net).handedOut("1", 10);
  expect([backlogs.mayHaveMore, backlogs.waiting]).toEqual([true, 4]);
  expect([...backlogs.all].map(([name]) => name)).toEqual([net, acme]);
});

test("of whom nothing is left nothing is kept", () => {
  const backlogs = new Backlogs();
  backlogs.of(net).grew(1, 10);
  backlogs.of(acme).grew(1, 10);
  backlogs.of(net).readStarted();
  const done = backlogs.of(net).handedOut("1", 10);
  backlogs.of(net).readEnded(true);
  done();
  backlogs.forgetEmpty();
  // The store does not know yet how far it was read.
  expect(backlogs.count).toBe(2);
  backlogs.of(net).told("1");
  backlogs.forgetEmpty();
  expect([...backlogs.all].map(([name]) => name)).toEqual([acme]);
});
