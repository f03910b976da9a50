import { expect, test } from "bun:test";
import { adviceFor } from "./advice.ts";

test.each([
  ["5.1.1", "no such mailbox"],
  ["5.1.2", "no such domain"],
  ["5.1.3", "typing mistakes"],
  ["5.2.2", "full"],
  ["5.3.4", "too large"],
  ["4.4.7", "in time"],
  ["5.4.0", "could not be reached"],
  ["5.7.26", "by its rules"],
  ["5.0.0", "whoever runs your mail"],
  ["5.3.0", "whoever runs your mail"],
] as const)("adviceFor() of %s speaks of what can be done: %s", (status, words) => {
  expect(adviceFor(status)).toContain(words);
});
