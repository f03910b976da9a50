import { expect, test } from "bun:test";
import { summaryText } from "./summary.ts";

const good = {
  name: "worker: kill -9",
  accepted: 1_234,
  arrived: 1_234,
  lost: [],
  extraCopies: 2,
  notified: 0,
  queued: 0,
  transitMs: 31_240,
  seconds: 60,
  faults: [],
};

test("summaryText() says of each fault what became of the mail", () => {
  const bad = {
    ...good,
    name: "edge",
    arrived: 1_233,
    queued: undefined,
    faults: ["lost 1: s1-7"],
  };
  expect(summaryText([good, bad])).toBe(
    `fault            accepted  arrived  copies  notified  queued  longest   s
worker: kill -9      1234     1234      +2         0       0   31.2 s  60  good
edge                 1234     1233      +2         0       ?   31.2 s  60  BAD: lost 1: s1-7
`,
  );
});
