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
