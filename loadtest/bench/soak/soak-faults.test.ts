import { expect, test } from "bun:test";
import { parseFault } from "../../sink/fault.ts";
import { repeating, soakFaults } from "./soak-faults.ts";

test("the sink understands each of the words, and counts what repeats a message", () => {
  const faults = soakFaults.map(parseFault);
  expect(faults).not.toContain(undefined);
  const counted = faults.map((fault) => `${fault?.misdeed.kind} at ${fault?.stage}`);
  expect(counted).toContain(repeating);
});
