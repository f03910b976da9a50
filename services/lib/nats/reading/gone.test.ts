import { expect, test } from "bun:test";
import { logState } from "../../../../test/support/nats/log-state.ts";
import { goneThrough } from "./gone.ts";

const purged = { first_seq: 5, last_seq: 9 };
const whole = { first_seq: 1, last_seq: 9 };

test.each([
  ["what is there is not gone", { ...whole }, undefined],
  ["what was purged is gone, up to the first that is there", { ...purged }, 4],
  ["of a log that was purged whole all is gone", { first_seq: 10, last_seq: 9 }, 9],
  ["what was deleted is gone, with those behind it", { ...whole, deleted: [3, 4, 6] }, 4],
  ["purged and deleted are one run", { ...purged, deleted: [5, 6] }, 6],
  ["another that was deleted says nothing of it", { ...whole, deleted: [2, 4] }, undefined],
  ["what the log does not reach yet is not gone", { first_seq: 1, last_seq: 2 }, undefined],
  ["nor is it in a log that was never written", { first_seq: 0, last_seq: 0 }, undefined],
])("%s", (_, state, expected) => {
  expect(goneThrough(logState(state), 3)).toBe(expected);
});

test("nobody speaks for a log that has no leader", () => {
  const state = { ...whole, deleted: [3] };
  expect(goneThrough(logState(state, { leader: "n1" }), 3)).toBe(3);
  expect(goneThrough(logState(state, { leader: "" }), 3)).toBeUndefined();
});

test("what a disk has lost is gone only when there is no other copy", () => {
  const state = { ...whole, deleted: [3, 4], lost: { msgs: [3], bytes: 9 } };
  expect(goneThrough(logState(state, { replicas: 3 }), 3)).toBeUndefined();
  expect(goneThrough(logState(state, { replicas: 3 }), 4)).toBe(4);
  expect(goneThrough(logState(state, { replicas: 1 }), 3)).toBe(4);
});
